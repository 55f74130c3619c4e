import com.sun.net.httpserver.HttpServer;
import java.io.FileReader;
import java.io.FileWriter;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.Security;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.List;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.shredzone.acme4j.AccountBuilder;
import org.shredzone.acme4j.Authorization;
import org.shredzone.acme4j.Certificate;
import org.shredzone.acme4j.Login;
import org.shredzone.acme4j.Order;
import org.shredzone.acme4j.RevocationReason;
import org.shredzone.acme4j.Session;
import org.shredzone.acme4j.Status;
import org.shredzone.acme4j.challenge.Dns01Challenge;
import org.shredzone.acme4j.challenge.Http01Challenge;
import org.shredzone.acme4j.util.KeyPairUtils;

/**
 * acme4j at the command line: {@code obtain DIRECTORY CHALLENGE HELPER OUT NAME...}, where HELPER is the port of http-01
 * or the hook of dns-01, and {@code revoke DIRECTORY OUT}. The account's key is in account.pem.
 */
public final class Interop {
  private static final Duration LIMIT = Duration.ofSeconds(30);

  public static void main(String[] args) throws Exception {
    Security.addProvider(new BouncyCastleProvider());
    if (args[0].equals("revoke")) revoke(args[1], args[2]);
    else obtain(args[1], args[2], args[3], args[4], List.of(args).subList(5, args.length));
    System.exit(0);
  }

  private static Login login(String directory) throws Exception {
    Path file = Path.of("account.pem");
    if (!Files.exists(file)) {
      KeyPair key = KeyPairUtils.createECKeyPair("secp256r1");
      try (FileWriter writer = new FileWriter(file.toFile())) {
        KeyPairUtils.writeKeyPair(key, writer);
      }
    }
    KeyPair kept = KeyPairUtils.readKeyPair(new FileReader(file.toFile()));
    Session session = new Session(URI.create(directory));
    return new AccountBuilder().agreeToTermsOfService().useKeyPair(kept).createLogin(session);
  }

  private static void obtain(String directory, String challenge, String helper, String out, List<String> names)
      throws Exception {
    Order order = login(directory).newOrder().domains(names).create();
    for (Authorization authorization : order.getAuthorizations()) {
      if (authorization.getStatus() == Status.VALID) continue;
      if (challenge.equals("http-01")) byHttp(authorization, Integer.parseInt(helper));
      else byDns(authorization, helper);
    }
    if (order.waitUntilReady(LIMIT) != Status.READY) throw new IllegalStateException("the order is not ready");
    KeyPair key = KeyPairUtils.createECKeyPair("secp256r1");
    order.execute(key);
    if (order.waitForCompletion(LIMIT) != Status.VALID) throw new IllegalStateException("the order is not valid");
    try (FileWriter chain = new FileWriter(out + ".crt"); FileWriter keys = new FileWriter(out + ".key")) {
      order.getCertificate().writeCertificate(chain);
      KeyPairUtils.writeKeyPair(key, keys);
    }
  }

  private static void byHttp(Authorization authorization, int port) throws Exception {
    Http01Challenge challenge = authorization.findChallenge(Http01Challenge.class).orElseThrow();
    HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", port), 0);
    server.createContext("/.well-known/acme-challenge/" + challenge.getToken(), exchange -> {
      byte[] body = challenge.getAuthorization().getBytes(StandardCharsets.US_ASCII);
      exchange.sendResponseHeaders(200, body.length);
      exchange.getResponseBody().write(body);
      exchange.close();
    });
    server.start();
    try {
      challenge.trigger();
      requireValid(challenge.waitForCompletion(LIMIT));
    } finally {
      server.stop(0);
    }
  }

  private static void byDns(Authorization authorization, String hook) throws Exception {
    Dns01Challenge challenge = authorization.findChallenge(Dns01Challenge.class).orElseThrow();
    String name = "_acme-challenge." + authorization.getIdentifier().getDomain() + ".";
    hook(hook, "present", name, challenge.getDigest());
    challenge.trigger();
    requireValid(challenge.waitForCompletion(LIMIT));
    hook(hook, "cleanup", name, challenge.getDigest());
  }

  private static void requireValid(Status status) {
    if (status != Status.VALID) throw new IllegalStateException("the challenge is " + status);
  }

  private static void hook(String... command) throws Exception {
    int code = new ProcessBuilder(command).inheritIO().start().waitFor();
    if (code != 0) throw new IllegalStateException(command[0] + " failed");
  }

  private static void revoke(String directory, String out) throws Exception {
    try (var stream = Files.newInputStream(Path.of(out + ".crt"))) {
      var certificate = (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(stream);
      Certificate.revoke(login(directory), certificate, RevocationReason.SUPERSEDED);
    }
  }
}
