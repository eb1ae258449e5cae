package io.blocksmith.cluster;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigParseOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Stores made by this JDK's keytool, with the commands that README gives. */
public final class Certificates {
    public static final String PASSWORD = "changed-it";
    private static final String NODE = "san=dns:localhost,ip:127.0.0.1";

    private final Path folder;

    /** An authority of its own, in {@code folder}. */
    public Certificates(Path folder) {
        this.folder = folder;
        keytool("ca.p12", "-genkeypair -alias ca -keyalg RSA -keysize 3072 -dname CN=authority -ext bc:c -validity 30");
        keytool("ca.p12", "-exportcert -rfc -alias ca -file ca.pem");
        keytool("trust.p12", "-importcert -noprompt -alias ca -file ca.pem");
    }

    /** The authority's certificate, as text. */
    public Path authority() {
        return folder.resolve("ca.pem");
    }

    /** Trusts the authority and has no certificate. */
    public Path trust() {
        return folder.resolve("trust.p12");
    }

    /** The same, opened. */
    KeyStore trusted() throws GeneralSecurityException, IOException {
        return KeyStore.getInstance(trust().toFile(), PASSWORD.toCharArray());
    }

    /** A key with a certificate that the authority signed. */
    public Path signed(String name) {
        Path store = selfSigned(name);
        keytool(name + ".p12", "-certreq -alias node -file " + name + ".csr");
        keytool(
                "ca.p12",
                "-gencert -rfc -alias ca -ext %s -validity 30 -infile %s.csr -outfile %s.pem"
                        .formatted(NODE, name, name));
        keytool(name + ".p12", "-importcert -noprompt -alias ca -file ca.pem");
        keytool(name + ".p12", "-importcert -alias node -file " + name + ".pem");
        return store;
    }

    /** A key with a certificate that nobody else signed. */
    Path selfSigned(String name) {
        keytool(
                name + ".p12",
                "-genkeypair -alias node -keyalg RSA -keysize 3072 -dname CN=node -validity 30 -ext " + NODE);
        return folder.resolve(name + ".p12");
    }

    /** The layer that ships with Blocksmith, with its variables set. */
    Config layer(Path keyStore) {
        Config variables = ConfigFactory.parseMap(Map.of(
                "BLOCKSMITH_KEY_STORE",
                keyStore.toString(),
                "BLOCKSMITH_KEY_STORE_PASSWORD",
                PASSWORD,
                "BLOCKSMITH_TRUST_STORE",
                trust().toString(),
                "BLOCKSMITH_TRUST_STORE_PASSWORD",
                PASSWORD));
        return ConfigFactory.parseFile(
                        Path.of("conf", "cluster-tls.conf").toFile(),
                        ConfigParseOptions.defaults().setAllowMissing(false))
                .withFallback(variables)
                .resolve();
    }

    private void keytool(String store, String arguments) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
        command.addAll(List.of(arguments.split(" ")));
        command.addAll(List.of("-keystore", store, "-storetype", "PKCS12", "-storepass:env", "STORE_PASSWORD"));
        ProcessBuilder builder =
                new ProcessBuilder(command).directory(folder.toFile()).redirectErrorStream(true);
        builder.environment().put("STORE_PASSWORD", PASSWORD);
        try {
            Process keytool = builder.start();
            String output = new String(keytool.getInputStream().readAllBytes(), UTF_8);
            assertThat(keytool.waitFor()).as("%s: %s", command, output).isZero();
        } catch (IOException | InterruptedException failure) {
            throw new AssertionError("keytool " + arguments, failure);
        }
    }
}
