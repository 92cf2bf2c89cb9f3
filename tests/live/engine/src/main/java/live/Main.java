package live;

import java.lang.reflect.Field;
import java.lang.reflect.Method;

/** Runs the engine on the port it is given, says "ready", and ends when its standard input does. */
public final class Main {
  private static final int MILLISECONDS_BETWEEN_CHECKS = 200;

  private Main() {}

  public static void main(final String[] arguments) throws Exception {
    // By reflection, because the engine is compiled for Java 21 and the JDK that Maven runs on may be older.
    final Method create =
        Class.forName("io.camunda.zeebe.process.test.engine.EngineFactory").getMethod("create", int.class);
    final Object engine = create.invoke(null, Integer.parseInt(arguments[0]));
    create.getReturnType().getMethod("start").invoke(engine);
    checkBackOffs(engine);
    System.out.println("ready");
    while (System.in.read() >= 0) {
      // What comes in does not matter.
    }
    System.exit(0);
  }

  /**
   * Lets the engine look for jobs whose back-off is over, again and again.
   *
   * <p>Version 8.8.21 looks once, for {@code due <= now}, but its JobRecurProcessor wants {@code due < now}. When both
   * happen in the same millisecond, which in memory they do, the job is refused and nothing looks for it any more.
   */
  private static void checkBackOffs(final Object engine) throws ReflectiveOperationException {
    final Class<?> type = Class.forName("io.camunda.zeebe.engine.processing.job.JobBackoffCheckScheduler");
    final Iterable<?> parts = (Iterable<?>) field(field(engine, "streamProcessor"), "lifecycleAwareListeners");
    for (final Object part : parts) {
      if (type.isInstance(part)) {
        final Thread thread = new Thread(() -> check(part), "back-off checks");
        thread.setDaemon(true);
        thread.start();
        return;
      }
    }
    throw new IllegalStateException("the engine has no " + type.getName());
  }

  private static void check(final Object scheduler) {
    try {
      final Method schedule = scheduler.getClass().getMethod("scheduleBackOff", long.class);
      while (true) {
        schedule.invoke(scheduler, 0L);
        Thread.sleep(MILLISECONDS_BETWEEN_CHECKS);
      }
    } catch (final ReflectiveOperationException | InterruptedException problem) {
      throw new IllegalStateException(problem);
    }
  }

  private static Object field(final Object owner, final String name) throws ReflectiveOperationException {
    final Field field = owner.getClass().getDeclaredField(name);
    field.setAccessible(true);
    return field.get(owner);
  }
}
