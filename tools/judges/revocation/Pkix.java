import java.io.ByteArrayInputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CertPathValidator;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertPathValidatorException.BasicReason;
import java.security.cert.CertificateFactory;
import java.security.cert.PKIXParameters;
import java.security.cert.PKIXRevocationChecker;
import java.security.cert.PKIXRevocationChecker.Option;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.Set;

/**
 * Java's PKIX validation: {@code ocsp|crl|none leaf|chain CHAIN ROOT} prints good, revoked or expired, asking where certificates
 * say, for the leaf or for all below the root.
 */
public final class Pkix {
  public static void main(String[] args) throws Exception {
    CertificateFactory factory = CertificateFactory.getInstance("X.509");
    var chain = new ArrayList<X509Certificate>();
    for (var each : factory.generateCertificates(new ByteArrayInputStream(Files.readAllBytes(Path.of(args[2])))))
      chain.add((X509Certificate) each);
    var root = (X509Certificate) factory.generateCertificate(Files.newInputStream(Path.of(args[3])));
    CertPathValidator validator = CertPathValidator.getInstance("PKIX");
    var checker = (PKIXRevocationChecker) validator.getRevocationChecker();
    var options = EnumSet.of(Option.NO_FALLBACK);
    if (args[1].equals("leaf")) options.add(Option.ONLY_END_ENTITY);
    if (args[0].equals("crl")) options.add(Option.PREFER_CRLS);
    checker.setOptions(options);
    PKIXParameters parameters = new PKIXParameters(Set.of(new TrustAnchor(root, null)));
    if (args[0].equals("none")) parameters.setRevocationEnabled(false);
    else parameters.addCertPathChecker(checker);
    try {
      validator.validate(factory.generateCertPath(chain), parameters);
      System.out.println("good");
    } catch (CertPathValidatorException error) {
      if (error.getReason() == BasicReason.REVOKED) System.out.println("revoked");
      else if (error.getReason() == BasicReason.EXPIRED) System.out.println("expired");
      else throw error;
    }
  }
}
