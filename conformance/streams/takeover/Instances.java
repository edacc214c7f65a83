import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.streams.CloseOptions;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;

/**
 * Runs the programs of `golden` as applications. A line of JSON on standard input is a command, a line on standard output its
 * answer: {@code {op: start, id, group, name, properties}}, {@code {op: look, id}}, {@code {op: stop, id}}. Each answer is
 * {@code {state}}, with {@code failure} where the application or the command has failed.
 */
public final class Instances {
  private static final class Instance {
    final KafkaStreams streams;
    volatile Throwable failure;

    Instance(KafkaStreams streams) {
      this.streams = streams;
    }
  }

  private static final Map<String, Scenarios> GROUPS = new HashMap<>();
  private static final Map<String, Instance> INSTANCES = new HashMap<>();

  public static void main(String[] arguments) throws Exception {
    PrintStream answers = System.out;
    // What libraries print is no answer.
    System.setOut(System.err);
    var commands = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = commands.readLine(); line != null; line = commands.readLine()) {
      ObjectNode answer = Golden.JSON.createObjectNode();
      try {
        run(Golden.JSON.readTree(line), answer);
      } catch (Exception failure) {
        answer.put("failure", Golden.rootOf(failure).toString());
      }
      answers.println(answer);
      answers.flush();
    }
    INSTANCES.values().forEach(instance -> instance.streams.close(Duration.ofSeconds(5)));
    System.exit(0);
  }

  private static void run(JsonNode command, ObjectNode answer) throws Exception {
    String id = command.get("id").asText();
    switch (command.get("op").asText()) {
      case "start" -> INSTANCES.put(id, start(command));
      case "stop" -> {
        // The group is empty at once, so that another application may join with another protocol.
        boolean inTime = INSTANCES.get(id).streams.close(
            CloseOptions.timeout(Duration.ofSeconds(30))
                .withGroupMembershipOperation(CloseOptions.GroupMembershipOperation.LEAVE_GROUP));
        if (!inTime) throw new IllegalStateException("not closed in time");
      }
      case "look" -> {}
      default -> throw new IllegalArgumentException(command.toString());
    }
    Instance instance = INSTANCES.get(id);
    answer.put("state", instance.streams.state().name());
    if (instance.failure != null) answer.put("failure", Golden.rootOf(instance.failure).toString());
  }

  private static Instance start(JsonNode command) throws Exception {
    String group = command.get("group").asText();
    if (!GROUPS.containsKey(group)) {
      Scenarios scenarios = new Scenarios();
      Class.forName(group).getDeclaredMethod("register", Scenarios.class).invoke(null, scenarios);
      GROUPS.put(group, scenarios);
    }
    Properties properties = new Properties();
    command.get("properties").properties().forEach(entry -> properties.put(entry.getKey(), entry.getValue().asText()));
    var topology = GROUPS.get(group).topology(command.get("name").asText(), properties);
    Instance instance = new Instance(new KafkaStreams(topology, properties));
    instance.streams.setUncaughtExceptionHandler(failure -> {
      instance.failure = failure;
      return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
    });
    instance.streams.start();
    return instance;
  }
}
