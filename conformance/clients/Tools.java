import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import org.apache.kafka.common.utils.Exit;

/** Runs Kafka's command line tools one after the other in one JVM: a class and its arguments per line, tabs between. */
public class Tools {
  static final class Ended extends RuntimeException {
    final int code;

    Ended(int code) {
      super(null, null, false, false);
      this.code = code;
    }
  }

  public static void main(String[] ignored) throws Exception {
    PrintStream answers = System.out;
    Exit.setExitProcedure((code, message) -> end(code));
    Exit.setHaltProcedure((code, message) -> end(code));
    BufferedReader commands = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = commands.readLine(); line != null; line = commands.readLine()) {
      String[] words = line.split("\t", -1);
      ByteArrayOutputStream printed = new ByteArrayOutputStream();
      PrintStream out = new PrintStream(printed, true, StandardCharsets.UTF_8);
      System.setOut(out);
      System.setErr(out);
      firstCode = null;
      int code = run(words[0], Arrays.copyOfRange(words, 1, words.length), out);
      answers.println(code + "\t" + Base64.getEncoder().encodeToString(printed.toByteArray()));
      answers.flush();
    }
    Runtime.getRuntime().halt(0);
  }

  /** The first code of the tool that runs: some catch what ends them, and exit again. */
  static Integer firstCode;

  static void end(int code) {
    if (firstCode == null) firstCode = code;
    throw new Ended(firstCode);
  }

  static int run(String tool, String[] arguments, PrintStream out) throws Exception {
    try {
      Class.forName(tool).getMethod("main", String[].class).invoke(null, (Object) arguments);
      return 0;
    } catch (java.lang.reflect.InvocationTargetException thrown) {
      if (thrown.getCause() instanceof Ended) return ((Ended) thrown.getCause()).code;
      out.println(thrown.getCause());
      return 1;
    }
  }
}
