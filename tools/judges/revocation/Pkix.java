import java.io.ByteArrayInputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CertPathValidator;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertificateFactory;
import java.security.cert.PKIXParameters;
import java.security.cert.PKIXRevocationChecker;
import java.security.cert.PKIXRevocationChecker.Option;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.Set;

/** Java's PKIX validation of a leaf: {@code ocsp|crl CHAIN ROOT} prints good or revoked, asking where the leaf says. */
public final class Pkix {
  public static void main(String[] args) throws Exception {
    CertificateFactory factory = CertificateFactory.getInstance("X.509");
    var chain = new ArrayList<X509Certificate>();
    for (var each : factory.generateCertificates(new ByteArrayInputStream(Files.readAllBytes(Path.of(args[1])))))
      chain.add((X509Certificate) each);
    var root = (X509Certificate) factory.generateCertificate(Files.newInputStream(Path.of(args[2])));
    CertPathValidator validator = CertPathValidator.getInstance("PKIX");
    var checker = (PKIXRevocationChecker) validator.getRevocationChecker();
    var options = EnumSet.of(Option.ONLY_END_ENTITY, Option.NO_FALLBACK);
    if (args[0].equals("crl")) options.add(Option.PREFER_CRLS);
    checker.setOptions(options);
    PKIXParameters parameters = new PKIXParameters(Set.of(new TrustAnchor(root, null)));
    parameters.addCertPathChecker(checker);
    try {
      validator.validate(factory.generateCertPath(chain), parameters);
      System.out.println("good");
    } catch (CertPathValidatorException error) {
      if (error.getReason() != CertPathValidatorException.BasicReason.REVOKED) throw error;
      System.out.println("revoked");
    }
  }
}
