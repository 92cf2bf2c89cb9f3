package differential;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamWriteConstraints;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** One JSON request a line on standard input, one JSON answer a line on standard output, in order. */
public final class Main {

  private static final long STACK_BYTES = 16L << 20;
  private static final long PATIENCE_SECONDS = 5;

  private Main() {}

  public static void main(String[] arguments) throws Exception {
    ObjectMapper json =
        new ObjectMapper(
            JsonFactory.builder()
                .streamReadConstraints(StreamReadConstraints.builder().maxNestingDepth(10_000).build())
                .streamWriteConstraints(StreamWriteConstraints.builder().maxNestingDepth(10_000).build())
                .build());
    json.configure(JsonWriteFeature.ESCAPE_NON_ASCII.mappedFeature(), true); // keeps lone surrogates
    Engine engine = new Engine(json);
    BufferedReader lines =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    System.setOut(System.err);
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      JsonNode request = json.readTree(line);
      out.println(json.writeValueAsString(respond(engine, request)));
    }
    System.exit(0); // an evaluation without end may still be running
  }

  private static Map<String, Object> respond(Engine engine, JsonNode request) throws Exception {
    if (request.path("kind").asText().startsWith("time-"))
      return Map.of("seconds", engine.seconds(request));
    FutureTask<Map<String, Object>> task = new FutureTask<>(() -> engine.answer(request));
    Thread thread = new Thread(null, task, "evaluation", STACK_BYTES);
    thread.setDaemon(true);
    thread.start();
    try {
      return task.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
    } catch (TimeoutException late) {
      return Map.of("late", PATIENCE_SECONDS);
    } catch (ExecutionException fatal) { // out of memory
      return Map.of("late", fatal.getCause().toString());
    }
  }
}
