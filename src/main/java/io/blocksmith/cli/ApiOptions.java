package io.blocksmith.cli;

import io.blocksmith.config.Settings;
import picocli.CommandLine.Option;

/** The options of a process that serves the API and the live page. */
final class ApiOptions {
    private static final String TOKEN = "BLOCKSMITH_HTTP_TOKEN";

    @Option(
            names = "--http-port",
            paramLabel = "N",
            description = "Serve the API and the live page at this TCP port (http.port).")
    private Integer port;

    /** The settings with what was given here; a token that they do not have comes from the environment. */
    Settings over(Settings settings) {
        Settings.Http http = settings.http();
        String environment = System.getenv().getOrDefault(TOKEN, "");
        String token = http.token().isEmpty() ? environment : http.token();
        return settings.with(new Settings.Http(http.host(), port == null ? http.port() : port, token, http.peers()));
    }
}
