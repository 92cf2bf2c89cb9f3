package live;

import java.lang.reflect.Method;

/** Runs the engine on the port it is given, says "ready", and ends when its standard input does. */
public final class Main {
  private Main() {}

  public static void main(final String[] arguments) throws Exception {
    // By reflection, because the engine is compiled for Java 21 and the JDK that Maven runs on may be older.
    final Method create =
        Class.forName("io.camunda.zeebe.process.test.engine.EngineFactory").getMethod("create", int.class);
    final Object engine = create.invoke(null, Integer.parseInt(arguments[0]));
    create.getReturnType().getMethod("start").invoke(engine);
    System.out.println("ready");
    while (System.in.read() >= 0) {
      // What comes in does not matter.
    }
    System.exit(0);
  }
}
