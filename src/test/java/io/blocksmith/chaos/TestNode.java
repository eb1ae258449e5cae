package io.blocksmith.chaos;

import io.blocksmith.cli.GatedNode;
import io.blocksmith.store.S3Server;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/** The place of one node: a process that is started again whenever it ends, as a service manager does. */
public final class TestNode implements AutoCloseable {
    private static final List<String> FLAGS = List.of(
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow",
            "-Xmx256m",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1");

    private final String name;
    private final List<String> command;
    private final Path log;
    private final Thread lastResort = new Thread(this::killNow);

    /** A node's own log line about itself. */
    private static final Pattern UP =
            Pattern.compile("Cluster Node \\[(\\S+)\\] - event MemberUp\\(Member\\(\\1, Up\\)\\)");

    private Process process;
    /** Length of the log when the present process was started. */
    private long logBefore;

    private boolean kept = true;
    private final List<Integer> exits = new ArrayList<>();

    /** A place whose node is not started yet; {@code arguments} are those of {@link GatedNode}. */
    TestNode(String name, List<String> arguments, Path log) {
        this(name, List.of(), arguments, log);
    }

    /** The same with something before the command, such as where it is to run. */
    public TestNode(String name, List<String> before, List<String> arguments, Path log) {
        this.name = name;
        this.log = log;
        this.command = new ArrayList<>(before);
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(FLAGS);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), GatedNode.class.getName()));
        command.addAll(arguments);
        Runtime.getRuntime().addShutdownHook(lastResort);
    }

    /** Keeps the node on one core, when it is started next. */
    void pin(int core) {
        command.addAll(0, List.of("taskset", "-c", Integer.toString(core)));
    }

    public String name() {
        return name;
    }

    /** What the node has said, in all its lives. */
    public String log() {
        try {
            return Files.exists(log) ? Files.readString(log, StandardCharsets.ISO_8859_1) : "";
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public synchronized void start() {
        ProcessBuilder builder = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
        builder.environment().put("BLOCKSMITH_LOG", "INFO");
        builder.environment().put("OMP_WAIT_POLICY", "PASSIVE");
        builder.environment().put("DJL_OFFLINE", "true");
        builder.environment().put("OPT_OUT_TRACKING", "true");
        // A test's node never has credentials of whoever runs the tests.
        builder.environment().put("AWS_ACCESS_KEY_ID", S3Server.KEY);
        builder.environment().put("AWS_SECRET_ACCESS_KEY", S3Server.SECRET);
        try {
            logBefore = Files.exists(log) ? Files.size(log) : 0;
            process = builder.start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        CompletableFuture<Void> unused = process.onExit().thenAccept(this::ended);
    }

    private synchronized void ended(Process dead) {
        exits.add(dead.exitValue());
        if (kept && dead == process) {
            start();
        }
    }

    public synchronized long pid() {
        return process.pid();
    }

    public synchronized boolean isAlive() {
        return process.isAlive();
    }

    /** Whether its present process is a full member of the cluster: coordinators vote from then on. */
    public synchronized boolean isUp() {
        return process.isAlive()
                && UP.matcher(log().substring(Math.toIntExact(logBefore))).find();
    }

    /** How its processes have ended so far, oldest first: 137 for SIGKILL, 143 for SIGTERM. */
    public synchronized List<Integer> exits() {
        return List.copyOf(exits);
    }

    /** Whether it is started again when it ends, from now on. */
    public synchronized void keep(boolean again) {
        kept = again;
    }

    /** SIGKILL. */
    public synchronized void kill() {
        process.destroyForcibly();
    }

    /** SIGTERM. */
    public synchronized void terminate() {
        process.destroy();
    }

    /** SIGSTOP. */
    public synchronized void freeze() {
        signal("-STOP");
    }

    /** SIGCONT. */
    public synchronized void thaw() {
        signal("-CONT");
    }

    private void signal(String signal) {
        try {
            // The shell's own kill: not every machine has a program of this name.
            int exit = new ProcessBuilder("sh", "-c", "kill %s %d".formatted(signal, process.pid()))
                    .inheritIO()
                    .start()
                    .waitFor();
            if (exit != 0) {
                throw new AssertionError("kill %s %d ended with %d".formatted(signal, process.pid(), exit));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    private synchronized void killNow() {
        kept = false;
        if (process != null) {
            process.destroyForcibly();
        }
    }

    @Override
    public void close() {
        killNow();
        try {
            if (process != null) {
                process.waitFor(1, TimeUnit.MINUTES);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        Runtime.getRuntime().removeShutdownHook(lastResort);
    }
}
