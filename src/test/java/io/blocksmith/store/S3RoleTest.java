package io.blocksmith.store;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.auth.credentials.AwsCredentials;
import software.amazon.awssdk.auth.credentials.WebIdentityTokenFileCredentialsProvider;

/** The SDK finds at run time what it needs for the role of a Kubernetes service account. */
class S3RoleTest {
    private static final String ENDPOINT = "aws.endpointUrlSts";
    private static final String REGION = "aws.region";

    @TempDir
    private Path folder;

    @Test
    void aServiceAccountsTokenIsExchangedForCredentials() throws IOException {
        Path token = Files.writeString(folder.resolve("token"), "token-of-the-account");
        BlockingQueue<String> requests = new LinkedBlockingQueue<>();
        HttpServer service = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        service.createContext("/", exchange -> {
            requests.add(new String(exchange.getRequestBody().readAllBytes(), UTF_8));
            byte[] answer = """
                <AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
                  <AssumeRoleWithWebIdentityResult><Credentials>
                    <AccessKeyId>key-of-the-role</AccessKeyId><SecretAccessKey>secret</SecretAccessKey>
                    <SessionToken>session</SessionToken><Expiration>2100-01-01T00:00:00Z</Expiration>
                  </Credentials></AssumeRoleWithWebIdentityResult>
                </AssumeRoleWithWebIdentityResponse>
                """.getBytes(UTF_8);
            exchange.sendResponseHeaders(200, answer.length);
            exchange.getResponseBody().write(answer);
            exchange.close();
        });
        service.start();
        System.setProperty(ENDPOINT, "http://127.0.0.1:" + service.getAddress().getPort());
        System.setProperty(REGION, "eu-central-1");
        try (WebIdentityTokenFileCredentialsProvider provider = WebIdentityTokenFileCredentialsProvider.builder()
                .roleArn("arn:aws:iam::123456789012:role/any")
                .roleSessionName("any")
                .webIdentityTokenFile(token)
                .build()) {
            AwsCredentials credentials = provider.resolveCredentials();
            assertThat(credentials.accessKeyId()).isEqualTo("key-of-the-role");
            assertThat(requests.poll()).contains("AssumeRoleWithWebIdentity", "token-of-the-account");
        } finally {
            System.clearProperty(ENDPOINT);
            System.clearProperty(REGION);
            service.stop(0);
        }
    }
}
