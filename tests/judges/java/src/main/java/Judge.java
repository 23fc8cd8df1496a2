import eu.europa.esig.dss.diagnostic.SignatureWrapper;
import eu.europa.esig.dss.model.FileDocument;
import eu.europa.esig.dss.model.x509.CertificateToken;
import eu.europa.esig.dss.spi.DSSUtils;
import eu.europa.esig.dss.spi.validation.CommonCertificateVerifier;
import eu.europa.esig.dss.spi.x509.CommonTrustedCertificateSource;
import eu.europa.esig.dss.validation.SignedDocumentValidator;
import eu.europa.esig.dss.validation.reports.Reports;
import java.io.ByteArrayInputStream;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;

/**
 * What the EU's Digital Signature Service says of PDF files, without a network: no source of revocation, issuers or
 * time-stamps is given to it, so everything must come from the file and the trusted roots.
 *
 * <p>Arguments are pairs: a PDF and the PEM file of the roots. One line per signature: file, field, indication,
 * sub-indication, format, whether the signature is intact. It judges nothing itself.
 */
public final class Judge {
  public static void main(String[] arguments) throws Exception {
    for (int at = 0; at + 1 < arguments.length; at += 2) {
      say(Path.of(arguments[at]), roots(Path.of(arguments[at + 1])));
    }
  }

  private static CommonTrustedCertificateSource roots(Path pem) throws Exception {
    var trusted = new CommonTrustedCertificateSource();
    var factory = CertificateFactory.getInstance("X.509");
    try (var in = new ByteArrayInputStream(Files.readAllBytes(pem))) {
      for (Certificate one : factory.generateCertificates(in)) {
        CertificateToken token = DSSUtils.loadCertificate(one.getEncoded());
        trusted.addCertificate(token);
      }
    }
    return trusted;
  }

  private static void say(Path file, CommonTrustedCertificateSource trusted) {
    var verifier = new CommonCertificateVerifier();
    verifier.setTrustedCertSources(trusted);
    verifier.setAIASource(null);
    var validator = SignedDocumentValidator.fromDocument(new FileDocument(new File(file.toString())));
    validator.setCertificateVerifier(verifier);
    Reports reports = validator.validateDocument();
    for (SignatureWrapper one : reports.getDiagnosticData().getSignatures()) {
      var simple = reports.getSimpleReport();
      String id = one.getId();
      System.out.println(
          String.join(
              "\t",
              file.toString(),
              one.getFirstFieldName(),
              String.valueOf(simple.getIndication(id)),
              String.valueOf(simple.getSubIndication(id)),
              String.valueOf(one.getSignatureFormat()),
              one.isSignatureIntact() && one.isSignatureValid() ? "intact" : "broken",
              simple.getAdESValidationErrors(id).toString()));
    }
  }
}
