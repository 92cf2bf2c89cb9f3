package differential;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.camunda.feel.api.EvaluationFailure;
import org.camunda.feel.api.EvaluationResult;
import org.camunda.feel.api.FailedEvaluationResult;
import org.camunda.feel.api.FeelEngineApi;
import org.camunda.feel.api.FeelEngineBuilder;
import org.camunda.feel.context.Context;
import org.camunda.feel.syntaxtree.Val;
import org.camunda.feel.syntaxtree.ValFunction;
import org.camunda.feel.syntaxtree.ValString;
import org.camunda.feel.valuemapper.JavaCustomValueMapper;
import scala.Tuple2;
import scala.collection.immutable.List$;
import scala.collection.immutable.Map$;
import scala.jdk.javaapi.CollectionConverters;

/** The engine as a connector sets it up: values in as Jackson reads them, answers out in the corpus encoding. */
final class Engine {

  /** Hands results out as they are, so that no type is lost. */
  private static final class Untouched extends JavaCustomValueMapper {
    @Override
    public Optional<Val> toValue(Object value, Function<Object, Val> inner) {
      return Optional.empty();
    }

    @Override
    public Optional<Object> unpackValue(Val value, Function<Val, Object> inner) {
      return Optional.of(value);
    }

    @Override
    public int priority() {
      return 100;
    }
  }

  private final ObjectMapper json;

  private final FeelEngineApi engine =
      FeelEngineBuilder.forJava()
          .withFunctionProvider(new ConnectorFunctions())
          .withCustomValueMapper(new Untouched())
          .build();

  Engine(ObjectMapper json) {
    this.json = json;
  }

  /** Evaluates one case of the corpus: expression, context, kind and, for unary tests, perhaps input. */
  Map<String, Object> answer(JsonNode request) {
    String text = request.path("expression").asText();
    boolean unary = request.path("kind").asText().equals("unary-tests");
    try {
      Context scope = scope(request.path("context"));
      return describe(unary ? unaryTests(text, request, scope) : engine.evaluateExpression(text, scope));
    } catch (StackOverflowError | RuntimeException error) {
      return failure(error.toString(), true);
    }
  }

  /** Seconds of processor time per call of parsing, or of evaluating what is already parsed. */
  double seconds(JsonNode request) {
    String text = request.path("expression").asText();
    int repeat = request.path("repeat").asInt();
    Context scope = scope(request.path("context"));
    var parsed = engine.parseExpression(text).parsedExpression();
    boolean parse = request.path("kind").asText().equals("time-parse");
    var threads = ManagementFactory.getThreadMXBean();
    long start = threads.getCurrentThreadCpuTime();
    for (int i = 0; i < repeat; i++) {
      boolean good =
          parse ? engine.parseExpression(text).isSuccess() : engine.evaluate(parsed, scope).isSuccess();
      if (!good) throw new IllegalStateException("cannot measure a failing expression: " + text);
    }
    return (threads.getCurrentThreadCpuTime() - start) / 1e9 / repeat;
  }

  private EvaluationResult unaryTests(String text, JsonNode request, Context scope) {
    if (request.has("input"))
      return engine.evaluateUnaryTests(text, value(request.get("input")), scope);
    var parsed = engine.parseUnaryTests(text);
    return parsed.isSuccess()
        ? engine.evaluate(parsed.parsedExpression(), scope)
        : new FailedEvaluationResult(parsed.failure(), List$.MODULE$.empty());
  }

  private Map<String, Object> describe(EvaluationResult result) {
    if (!result.isSuccess()) return failure(result.failure().message(), false);
    Map<String, Object> answer = new LinkedHashMap<>();
    try {
      answer.put("value", Values.encode(result.result()));
    } catch (Values.Unrepresentable reason) {
      answer.put("unrepresentable", reason.getMessage());
    }
    answer.put("printed", printed(result.result()));
    List<Map<String, String>> warnings = new ArrayList<>();
    for (EvaluationFailure warning : result.getSuppressedFailures())
      warnings.add(
          Map.of("type", warning.failureType().toString(), "message", warning.failureMessage()));
    answer.put("warnings", warnings);
    return answer;
  }

  private static String printed(Object value) {
    return value instanceof ValString text ? text.value() : String.valueOf(value);
  }

  private static Map<String, Object> failure(String message, boolean thrown) {
    Map<String, Object> answer = new LinkedHashMap<>();
    answer.put("error", message);
    if (message.startsWith("failed to parse") || message.startsWith("validation of"))
      answer.put("error_kind", "parse");
    else if (message.startsWith("Assertion failure")) answer.put("error_kind", "assert");
    else answer.put("error_kind", "evaluation");
    if (thrown) answer.put("thrown", true);
    return answer;
  }

  /** Top-level functions become callable, everything else a variable. */
  private Context scope(JsonNode context) {
    List<Tuple2<String, Object>> variables = new ArrayList<>();
    List<Tuple2<String, scala.collection.immutable.List<ValFunction>>> functions = new ArrayList<>();
    context
        .fields()
        .forEachRemaining(
            entry -> {
              Object value = value(entry.getValue());
              if (value instanceof ValFunction function)
                functions.add(
                    new Tuple2<>(entry.getKey(), CollectionConverters.asScala(List.of(function)).toList()));
              else variables.add(new Tuple2<>(entry.getKey(), value));
            });
    return new Context.StaticContext(
        Map$.MODULE$.from(CollectionConverters.asScala(variables)),
        Map$.MODULE$.from(CollectionConverters.asScala(functions)));
  }

  /** As the connector's Jackson set-up reads it: Scala collections, doubles for numbers with a fraction. */
  private Object value(JsonNode node) {
    if (node.isObject() && node.size() == 2 && node.has("@feel") && node.has("value"))
      return typed(node.get("@feel").asText(), node.get("value").asText());
    if (node.isObject()) {
      List<Tuple2<String, Object>> entries = new ArrayList<>();
      node.fields()
          .forEachRemaining(
              entry -> entries.add(new Tuple2<>(entry.getKey(), value(entry.getValue()))));
      return Map$.MODULE$.from(CollectionConverters.asScala(entries));
    }
    if (node.isArray()) {
      List<Object> items = new ArrayList<>();
      node.forEach(item -> items.add(value(item)));
      return CollectionConverters.asScala(items).toList();
    }
    return json.convertValue(node, Object.class);
  }

  private Object typed(String kind, String text) {
    String name = kind.endsWith("duration") ? "duration" : kind;
    String expression = kind.equals("function") ? text : name + "(\"" + text + "\")";
    return engine.evaluateExpression(expression, Map.of()).result();
  }
}
