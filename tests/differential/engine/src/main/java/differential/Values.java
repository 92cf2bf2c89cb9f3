package differential;

import java.math.BigInteger;
import java.time.Duration;
import java.time.LocalTime;
import java.time.Period;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.time.temporal.ChronoField;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.camunda.feel.syntaxtree.*;
import org.camunda.feel.valuemapper.ValueMapper;
import scala.jdk.javaapi.CollectionConverters;

/** Translates between the engine's values and the JSON encoding of the conformance corpus. */
final class Values {

  /** A value that has no JSON form: a function or a range, at any depth. */
  static final class Unrepresentable extends RuntimeException {
    Unrepresentable(String message) {
      super(message);
    }
  }

  private static final DateTimeFormatter CLOCK =
      new DateTimeFormatterBuilder()
          .appendPattern("HH:mm:ss")
          .appendFraction(ChronoField.NANO_OF_SECOND, 0, 9, true)
          .toFormatter();

  private static final ValueMapper MAPPER = ValueMapper.defaultValueMapper();

  private Values() {}

  /** Maps an engine value to maps, lists, strings, numbers, booleans and null. */
  static Object encode(Object raw) {
    Val value = MAPPER.toVal(raw);
    if (value instanceof ValNull$) return null;
    if (value instanceof ValBoolean v) return v.value();
    if (value instanceof ValString v) return v.value();
    if (value instanceof ValNumber v) return v.value().bigDecimal();
    if (value instanceof ValList v) return encodeList(v);
    if (value instanceof ValContext v) return encodeContext(v);
    if (value instanceof ValDate v) return typed("date", unsigned(v.value().toString()));
    if (value instanceof ValLocalTime v) return typed("time", CLOCK.format(v.value()));
    if (value instanceof ValTime v) return typed("time", zonedTime(v));
    if (value instanceof ValLocalDateTime v)
      return typed(
          "date and time",
          unsigned(v.value().toLocalDate().toString()) + "T" + CLOCK.format(v.value()));
    if (value instanceof ValDateTime v) return typed("date and time", zonedDateTime(v.value()));
    if (value instanceof ValDayTimeDuration v)
      return typed("days and time duration", daysAndTime(v.value()));
    if (value instanceof ValYearMonthDuration v)
      return typed("years and months duration", yearsAndMonths(v.value()));
    throw new Unrepresentable(value.getClass().getSimpleName());
  }

  private static List<Object> encodeList(ValList list) {
    List<Object> items = new ArrayList<>();
    for (Val item : CollectionConverters.asJava(list.itemsAsSeq())) items.add(encode(item));
    return items;
  }

  private static Map<String, Object> encodeContext(ValContext context) {
    Map<String, Object> entries = new LinkedHashMap<>();
    var variables = context.context().variableProvider().getVariables();
    CollectionConverters.asJava(variables).forEach((key, item) -> entries.put(key, encode(item)));
    return entries;
  }

  private static Map<String, Object> typed(String kind, String text) {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("@feel", kind);
    object.put("value", text);
    return object;
  }

  private static String unsigned(String date) {
    return date.startsWith("+") ? date.substring(1) : date;
  }

  private static String zonedTime(ValTime value) {
    LocalTime clock = value.value().time();
    String zone =
        value.value().hasTimeZone()
            ? "@" + value.value().zone().get().getId()
            : value.value().offset().getId();
    return CLOCK.format(clock) + zone;
  }

  private static String zonedDateTime(ZonedDateTime value) {
    String zone =
        value.getZone() instanceof ZoneOffset offset ? offset.getId() : "@" + value.getZone().getId();
    return unsigned(value.toLocalDate().toString()) + "T" + CLOCK.format(value) + zone;
  }

  private static String daysAndTime(Duration value) {
    if (value.isZero()) return "PT0S";
    Duration size = value.abs();
    StringBuilder text = new StringBuilder(value.isNegative() ? "-P" : "P");
    if (size.toDaysPart() != 0) text.append(size.toDaysPart()).append('D');
    Duration rest = size.minusDays(size.toDaysPart());
    return rest.isZero() ? text.toString() : text.append(rest.toString().substring(1)).toString();
  }

  private static String yearsAndMonths(Period value) {
    BigInteger months = BigInteger.valueOf(value.toTotalMonths());
    if (months.signum() == 0) return "P0M";
    BigInteger[] parts = months.abs().divideAndRemainder(BigInteger.valueOf(12));
    StringBuilder text = new StringBuilder(months.signum() < 0 ? "-P" : "P");
    if (parts[0].signum() != 0) text.append(parts[0]).append('Y');
    if (parts[1].signum() != 0) text.append(parts[1]).append('M');
    return text.toString();
  }
}
