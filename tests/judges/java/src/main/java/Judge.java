import eu.europa.esig.dss.detailedreport.jaxb.XmlBasicBuildingBlocks;
import eu.europa.esig.dss.detailedreport.jaxb.XmlConstraint;
import eu.europa.esig.dss.detailedreport.jaxb.XmlStatus;
import eu.europa.esig.dss.diagnostic.SignatureWrapper;
import eu.europa.esig.dss.diagnostic.TimestampWrapper;
import eu.europa.esig.dss.enumerations.TimestampType;
import eu.europa.esig.dss.model.FileDocument;
import eu.europa.esig.dss.model.x509.CertificateToken;
import eu.europa.esig.dss.spi.DSSSecurityProvider;
import eu.europa.esig.dss.spi.DSSUtils;
import eu.europa.esig.dss.spi.validation.CommonCertificateVerifier;
import eu.europa.esig.dss.spi.x509.CommonTrustedCertificateSource;
import eu.europa.esig.dss.spi.x509.revocation.crl.ExternalResourcesCRLSource;
import eu.europa.esig.dss.validation.SignedDocumentValidator;
import eu.europa.esig.dss.validation.reports.Reports;
import java.io.ByteArrayInputStream;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.Security;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;

/**
 * What the EU's Digital Signature Service says of PDF files, without a network: no source of revocation, issuers or
 * time-stamps is given to it, so everything must come from the file and the trusted roots.
 *
 * <p>Every line of the input is a PDF and the PEM file of the roots, with a tab between them; no PEM file, no roots. A third column is the
 * moment for which it is judged (RFC 3339, in UTC) instead of now; what comes after it are CRLs that are known beside the file.
 * Lines of the output, separated by tabs: file, kind, field, indication, sub-indication, format, whether the signature
 * is intact, the checks of its format that did not pass, errors. The kind is "signature", "timestamp" (a document
 * time-stamp), "none" (nothing is signed), "error" (then the class and its message follow) or "exhausted". After a file that
 * took too long it ends, since nothing stops what works on it: who called starts it again with the files that are left. It
 * judges nothing itself.
 */
public final class Judge {
  /** The longest that one file may take: nanoseconds of CPU, so that a busy machine changes no answer. */
  private static final long TIME = 10_000_000_000L;

  /** Looks at the clock, in milliseconds, and how many there are at most: collecting garbage is nobody's CPU. */
  private static final int LOOK = 50;

  private static final int LOOKS = 12_000;

  private static final ThreadMXBean CLOCK = ManagementFactory.getThreadMXBean();

  public static void main(String[] arguments) throws Exception {
    // DSS finds some digests only once its library is registered, which a file does and another does not.
    Security.addProvider(DSSSecurityProvider.getSecurityProvider());
    var out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
    for (String line : new String(System.in.readAllBytes(), StandardCharsets.UTF_8).split("\n")) {
      String[] pair = line.split("\t");
      List<String> lines = within(Path.of(pair[0]), pair);
      lines.forEach(out::println);
      out.flush();
      if (lines.get(0).contains("\texhausted\t")) {
        Runtime.getRuntime().halt(0);
      }
    }
  }

  /** The lines of one file, whatever becomes of its judgement. */
  private static List<String> within(Path file, String[] asked) throws InterruptedException {
    var lines = new ArrayList<String>();
    var work =
        new Thread(
            () -> {
              try {
                lines.addAll(say(file, asked));
              } catch (Throwable error) {
                lines.add(line(file, "error", error.getClass().getSimpleName(), String.valueOf(error.getMessage())));
              }
            });
    work.setDaemon(true);
    work.start();
    for (int looks = 0; work.isAlive(); looks++) {
      if (looks == LOOKS || CLOCK.getThreadCpuTime(work.getId()) > TIME) {
        return List.of(line(file, "exhausted", "longer than " + TIME / 1_000_000_000L + " s"));
      }
      work.join(LOOK);
    }
    return lines;
  }

  private static CommonTrustedCertificateSource roots(Path pem) throws Exception {
    var trusted = new CommonTrustedCertificateSource();
    if (pem == null) {
      return trusted;
    }
    var factory = CertificateFactory.getInstance("X.509");
    try (var in = new ByteArrayInputStream(Files.readAllBytes(pem))) {
      for (Certificate one : factory.generateCertificates(in)) {
        CertificateToken token = DSSUtils.loadCertificate(one.getEncoded());
        trusted.addCertificate(token);
      }
    }
    return trusted;
  }

  private static List<String> say(Path file, String[] asked) throws Exception {
    var verifier = new CommonCertificateVerifier();
    verifier.setTrustedCertSources(roots(asked.length > 1 && !asked[1].isEmpty() ? Path.of(asked[1]) : null));
    verifier.setAIASource(null);
    if (asked.length > 3) {
      var lists = new ExternalResourcesCRLSource(streams(asked));
      verifier.setCrlSource((leaf, issuer) -> lists.getRevocationTokens(leaf, issuer).stream().findFirst().orElse(null));
    }
    var validator = SignedDocumentValidator.fromDocument(new FileDocument(new File(file.toString())));
    validator.setCertificateVerifier(verifier);
    if (asked.length > 2) {
      validator.setValidationTime(Date.from(Instant.parse(asked[2])));
    }
    Reports reports = validator.validateDocument();
    var lines = new ArrayList<String>();
    for (SignatureWrapper one : reports.getDiagnosticData().getSignatures()) {
      lines.add(signature(file, reports, one));
    }
    for (TimestampWrapper one : reports.getDiagnosticData().getTimestampList()) {
      if (one.getType() == TimestampType.DOCUMENT_TIMESTAMP) {
        lines.add(timestamp(file, reports, one));
      }
    }
    return lines.isEmpty() ? List.of(line(file, "none")) : lines;
  }

  /** The CRLs behind the third column. */
  private static InputStream[] streams(String[] asked) throws IOException {
    var streams = new InputStream[asked.length - 3];
    for (int at = 0; at < streams.length; at++) {
      streams[at] = new ByteArrayInputStream(Files.readAllBytes(Path.of(asked[at + 3])));
    }
    return streams;
  }

  private static String signature(Path file, Reports reports, SignatureWrapper one) {
    var simple = reports.getSimpleReport();
    String id = one.getId();
    return line(
        file,
        "signature",
        one.getFirstFieldName(),
        String.valueOf(simple.getIndication(id)),
        String.valueOf(simple.getSubIndication(id)),
        String.valueOf(one.getSignatureFormat()),
        one.isSignatureIntact() && one.isSignatureValid() ? "intact" : "broken",
        failed(reports, id),
        simple.getAdESValidationErrors(id).toString());
  }

  private static String timestamp(Path file, Reports reports, TimestampWrapper one) {
    var simple = reports.getSimpleReport();
    String id = one.getId();
    boolean intact = one.isMessageImprintDataIntact() && one.isSignatureIntact() && one.isSignatureValid();
    return line(
        file,
        "timestamp",
        one.getPDFRevision() == null ? "" : one.getPDFRevision().getSignatureFieldNames().toString(),
        String.valueOf(simple.getIndication(id)),
        String.valueOf(simple.getSubIndication(id)),
        "",
        intact ? "intact" : "broken",
        failed(reports, id),
        simple.getAdESValidationErrors(id).toString());
  }

  /** The checks of the format (FC, EN 319 102-1 §5.2.2) that did not pass, by their keys. */
  private static String failed(Reports reports, String id) {
    XmlBasicBuildingBlocks blocks = reports.getDetailedReport().getBasicBuildingBlockById(id);
    if (blocks == null || blocks.getFC() == null) {
      return "";
    }
    var keys = new ArrayList<String>();
    for (XmlConstraint one : blocks.getFC().getConstraint()) {
      if (one.getStatus() == XmlStatus.NOT_OK || one.getStatus() == XmlStatus.WARNING) {
        keys.add(one.getName().getKey());
      }
    }
    return String.join(",", keys);
  }

  private static String line(Path file, String... columns) {
    var text = new StringBuilder(file.toString());
    for (String column : columns) {
      text.append('\t').append(String.valueOf(column).replaceAll("\\s+", " "));
    }
    return text.toString();
  }
}
