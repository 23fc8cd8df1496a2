import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

import org.verapdf.core.VeraPDFException;
import org.verapdf.gf.foundry.VeraGreenfieldFoundryProvider;
import org.verapdf.pdfa.Foundries;
import org.verapdf.pdfa.PDFAParser;
import org.verapdf.pdfa.PDFAValidator;
import org.verapdf.pdfa.flavours.PDFAFlavour;
import org.verapdf.pdfa.results.TestAssertion;
import org.verapdf.pdfa.results.ValidationResult;

/**
 * Asks veraPDF whether files are PDF/A-2b, whatever they claim. Reads a list of paths, a line each; writes a line of JSON for each: the path,
 * whether it conforms, and for every rule that fails its clause, its test and the first object where it does.
 */
public final class PdfA {
    private PdfA() {
    }

    /** The list is named on the command line. */
    public static void main(String[] args) throws IOException {
        VeraGreenfieldFoundryProvider.initialise();
        for (String path : Files.readAllLines(Path.of(args[0]))) {
            System.out.println(judged(path));
        }
    }

    private static String judged(String path) {
        try (InputStream file = new FileInputStream(path); PDFAParser parser = Foundries.defaultInstance().createParser(file, PDFAFlavour.PDFA_2_B)) {
            PDFAValidator validator = Foundries.defaultInstance().createValidator(PDFAFlavour.PDFA_2_B, false);
            ValidationResult result = validator.validate(parser);
            return "{\"path\":" + text(path) + ",\"conforms\":" + result.isCompliant() + ",\"failed\":["
                + String.join(",", failures(result.getTestAssertions())) + "]}";
        } catch (VeraPDFException | IOException | RuntimeException why) {
            return "{\"path\":" + text(path) + ",\"conforms\":false,\"failed\":[],\"error\":" + text(String.valueOf(why)) + "}";
        }
    }

    private static List<String> failures(List<TestAssertion> all) {
        Map<String, String> first = new TreeMap<>(Comparator.naturalOrder());
        for (TestAssertion one : all) {
            if (one.getStatus() != TestAssertion.Status.FAILED) {
                continue;
            }
            String rule = one.getRuleId().getClause() + "-" + one.getRuleId().getTestNumber();
            first.putIfAbsent(rule, "{\"clause\":" + text(one.getRuleId().getClause()) + ",\"test\":" + one.getRuleId().getTestNumber() + ",\"object\":"
                + text(one.getLocation().getContext()) + ",\"message\":" + text(String.valueOf(one.getMessage())) + "}");
        }
        return List.copyOf(first.values());
    }

    private static String text(String value) {
        StringBuilder out = new StringBuilder("\"");
        for (char sign : value.toCharArray()) {
            if (sign == '"' || sign == '\\') {
                out.append('\\').append(sign);
            } else if (sign < ' ') {
                out.append(String.format("\\u%04x", (int) sign));
            } else {
                out.append(sign);
            }
        }
        return out.append('"').toString();
    }
}
