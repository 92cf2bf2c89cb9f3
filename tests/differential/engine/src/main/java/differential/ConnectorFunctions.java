package differential;

import java.math.BigDecimal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.camunda.feel.context.Context;
import org.camunda.feel.context.JavaFunction;
import org.camunda.feel.context.JavaFunctionProvider;
import org.camunda.feel.syntaxtree.*;
import scala.Tuple2;
import scala.collection.immutable.Map$;
import scala.jdk.javaapi.CollectionConverters;

/** The functions that a connector adds to the language; without createDocument, which needs a store. */
final class ConnectorFunctions extends JavaFunctionProvider {

  private record Parameter(String name, Class<? extends Val> type, String typeName) {}

  private static final Parameter ERROR_VARIABLES =
      new Parameter("variables", ValContext.class, "Context");

  private static final List<Parameter> BPMN_ERROR =
      List.of(
          new Parameter("errorCode", ValString.class, "String"),
          new Parameter("errorMessage", ValString.class, "String"),
          ERROR_VARIABLES);

  private static final List<Parameter> JOB_ERROR =
      List.of(
          new Parameter("errorMessage", ValString.class, "String"),
          ERROR_VARIABLES,
          new Parameter("retries", ValNumber.class, "Number"),
          new Parameter("retryBackoff", ValDayTimeDuration.class, "DayTimeDuration"));

  private static final List<Parameter> BACKOFF =
      List.of(
          new Parameter("attempt", ValNumber.class, "Number"),
          new Parameter("minDelay", ValDayTimeDuration.class, "DayTimeDuration"),
          new Parameter("factor", ValNumber.class, "Number"),
          new Parameter("maxDelay", ValDayTimeDuration.class, "DayTimeDuration"),
          new Parameter("jitterFactor", ValNumber.class, "Number"));

  private static final Map<String, Val> JOB_ERROR_DEFAULTS =
      Map.of(
          "variables", context(List.of()),
          "retries", number(BigDecimal.ZERO),
          "retryBackoff", new ValDayTimeDuration(Duration.ZERO));

  private static final Map<String, List<JavaFunction>> FUNCTIONS =
      Map.of(
          "bpmnError", overloads("bpmnError", BPMN_ERROR, 1, Map.of()),
          "jobError", overloads("jobError", JOB_ERROR, 1, JOB_ERROR_DEFAULTS),
          "ignoreError", overloads("ignoreError", List.of(ERROR_VARIABLES), 0, Map.of()),
          "backoff", backoffs());

  @Override
  public Optional<JavaFunction> resolveFunction(String name) {
    return resolveFunctions(name).stream().findFirst();
  }

  @Override
  public List<JavaFunction> resolveFunctions(String name) {
    return FUNCTIONS.getOrDefault(name, List.of());
  }

  @Override
  public Collection<String> getFunctionNames() {
    return FUNCTIONS.keySet();
  }

  private static List<JavaFunction> overloads(
      String name, List<Parameter> parameters, int required, Map<String, Val> defaults) {
    List<JavaFunction> functions = new ArrayList<>();
    for (int count = required; count <= parameters.size(); count++) {
      List<Parameter> given = parameters.subList(0, count);
      functions.add(
          function(
              given,
              arguments -> {
                check(name, given, arguments);
                return errorObject(name, parameters, arguments, defaults);
              }));
    }
    return functions;
  }

  private static List<JavaFunction> backoffs() {
    List<JavaFunction> functions = new ArrayList<>();
    for (int count = 1; count <= BACKOFF.size(); count++) {
      List<Parameter> given = BACKOFF.subList(0, count);
      functions.add(
          function(
              given,
              arguments -> {
                check("backoff", given, arguments);
                return delay(arguments);
              }));
    }
    return functions;
  }

  private static JavaFunction function(List<Parameter> given, Function<List<Val>, Val> body) {
    return new JavaFunction(given.stream().map(Parameter::name).toList(), body);
  }

  private static void check(String name, List<Parameter> parameters, List<Val> arguments) {
    for (int i = 0; i < parameters.size(); i++) {
      Parameter parameter = parameters.get(i);
      if (!parameter.type().isInstance(arguments.get(i)))
        throw new IllegalArgumentException(
            "Parameter '%s' of function '%s' must be a %s"
                .formatted(parameter.name(), name, parameter.typeName()));
    }
  }

  private static Val errorObject(
      String name, List<Parameter> parameters, List<Val> arguments, Map<String, Val> defaults) {
    List<Tuple2<String, Object>> entries = new ArrayList<>();
    entries.add(new Tuple2<>("errorType", new ValString(name)));
    for (int i = 0; i < parameters.size(); i++) {
      String key = parameters.get(i).name();
      if (i < arguments.size()) entries.add(new Tuple2<>(key, arguments.get(i)));
      else if (defaults.containsKey(key)) entries.add(new Tuple2<>(key, defaults.get(key)));
    }
    return context(entries);
  }

  /** The delay without its random part: differing answers would say nothing. */
  private static Val delay(List<Val> arguments) {
    int attempt = decimal(arguments, 0, 0).intValue();
    long least = duration(arguments, 1, Duration.ofMillis(50)).toMillis();
    double factor = decimal(arguments, 2, 1.6).doubleValue();
    long most = duration(arguments, 3, Duration.ofSeconds(5)).toMillis();
    double jitter = decimal(arguments, 4, 0.1).doubleValue();
    if (attempt < 1) throw new IllegalArgumentException("Parameter 'attempt' must be at least 1");
    if (factor <= 0) throw new IllegalArgumentException("Parameter 'factor' must be positive");
    if (least > most) throw new IllegalArgumentException("'minDelay' must not exceed 'maxDelay'");
    if (jitter < 0) throw new IllegalArgumentException("'jitterFactor' must not be negative");
    double grown = least * Math.pow(factor, attempt - 1);
    return new ValDayTimeDuration(Duration.ofMillis((long) Math.max(least, Math.min(most, grown))));
  }

  private static BigDecimal decimal(List<Val> arguments, int index, double otherwise) {
    return index < arguments.size()
        ? ((ValNumber) arguments.get(index)).value().bigDecimal()
        : BigDecimal.valueOf(otherwise);
  }

  private static Duration duration(List<Val> arguments, int index, Duration otherwise) {
    return index < arguments.size() ? ((ValDayTimeDuration) arguments.get(index)).value() : otherwise;
  }

  private static ValNumber number(BigDecimal value) {
    return new ValNumber(scala.math.BigDecimal.javaBigDecimal2bigDecimal(value));
  }

  private static ValContext context(List<Tuple2<String, Object>> entries) {
    scala.collection.immutable.Map<String, Object> variables =
        scala.collection.immutable.ListMap$.MODULE$.from(
            CollectionConverters.asScala(entries));
    return new ValContext(new Context.StaticContext(variables, Map$.MODULE$.empty()));
  }
}
