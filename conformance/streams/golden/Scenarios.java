import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.TopologyConfig;

/** The topologies of one group, by the names that their scenarios have in TypeScript. */
final class Scenarios {
  private interface Program {
    Topology build(Properties properties);
  }

  private final Map<String, Program> programs = new TreeMap<>();

  /** A program written with the DSL. */
  void add(String name, Consumer<StreamsBuilder> program) {
    put(name, properties -> {
      StreamsBuilder builder = properties.containsKey("processor.wrapper.class")
          ? new StreamsBuilder(new TopologyConfig(new StreamsConfig(properties)))
          : new StreamsBuilder();
      program.accept(builder);
      return builder.build(properties);
    });
  }

  /** A program written with the Processor API, or with a builder that is configured in a way of its own. */
  void addTopology(String name, Supplier<Topology> program) {
    put(name, properties -> program.get());
  }

  Topology topology(String name, Properties properties) {
    Program program = programs.get(name);
    if (program == null) throw new IllegalArgumentException("no scenario '" + name + "', only " + programs.keySet());
    return program.build(properties);
  }

  private void put(String name, Program program) {
    if (programs.put(name, program) != null) throw new IllegalArgumentException("two scenarios '" + name + "'");
  }
}
