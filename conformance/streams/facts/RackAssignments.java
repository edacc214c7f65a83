import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.stream.Collectors;
import org.apache.kafka.common.Cluster;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.streams.processor.TaskId;
import org.apache.kafka.streams.processor.assignment.AssignmentConfigs;
import org.apache.kafka.streams.processor.assignment.ProcessId;
import org.apache.kafka.streams.processor.internals.TopologyMetadata.Subtopology;
import org.apache.kafka.streams.processor.internals.assignment.ClientState;
import org.apache.kafka.streams.processor.internals.assignment.RackAwareTaskAssignor;

/** What Kafka Streams' RackAwareTaskAssignor makes of random groups: where tasks were, where they go, and what that costs. */
public final class RackAssignments {
  private static final int SCENARIOS = 40;

  private final Random random;
  private final int racks;
  private final int processes;
  private final int trafficCost;
  private final int nonOverlapCost;
  private final String strategy;
  private final Map<TaskId, Set<TopicPartition>> inputs = new TreeMap<>();
  private final Map<TaskId, Set<TopicPartition>> changelogs = new TreeMap<>();
  private final Map<Subtopology, Set<TaskId>> subtopologies = new TreeMap<>();
  private final Map<TopicPartition, List<Integer>> racksOf = new LinkedHashMap<>();
  private final TreeMap<ProcessId, ClientState> states = new TreeMap<>();

  private RackAssignments(final int seed) {
    random = new Random(seed);
    racks = 2 + random.nextInt(2);
    processes = 2 + random.nextInt(4);
    trafficCost = random.nextBoolean() ? 10 : 1;
    nonOverlapCost = random.nextInt(3);
    strategy = seed % 2 == 0 ? "min_traffic" : "balance_subtopology";
    for (int i = 0; i < processes; i++) {
      final ProcessId id = new ProcessId(new UUID(0, i));
      states.put(id, new ClientState(Set.of(), Set.of(), Map.of(), Map.of(), 1, id));
    }
    final int count = 1 + random.nextInt(3);
    for (int subtopology = 0; subtopology < count; subtopology++) addSubtopology(subtopology);
  }

  private void addSubtopology(final int number) {
    final int partitions = 2 + random.nextInt(5);
    final int topics = 1 + random.nextInt(2);
    final Set<TaskId> tasks = new HashSet<>();
    for (int partition = 0; partition < partitions; partition++) {
      final TaskId task = new TaskId(number, partition);
      tasks.add(task);
      for (int topic = 0; topic < topics; topic++) add(inputs, task, "input-" + number + "-" + topic, partition);
      add(changelogs, task, "changelog-" + number, partition);
      anyState().assignActive(task);
    }
    subtopologies.put(new Subtopology(number, null), tasks);
  }

  private ClientState anyState() {
    return List.copyOf(states.values()).get(random.nextInt(processes));
  }

  /** A copy of each task, anywhere but where it runs. */
  private void addCopies() {
    for (final TaskId task : inputs.keySet()) {
      ClientState state = anyState();
      while (state.activeTasks().contains(task)) state = anyState();
      state.assignStandby(task);
    }
  }

  private void add(
      final Map<TaskId, Set<TopicPartition>> to, final TaskId task, final String topic, final int partition) {
    final TopicPartition at = new TopicPartition(topic, partition);
    to.computeIfAbsent(task, unused -> new TreeSet<>((a, b) -> a.topic().compareTo(b.topic()))).add(at);
    final Set<Integer> replicas = new TreeSet<>();
    for (int i = 1 + random.nextInt(2); i > 0; i--) replicas.add(random.nextInt(racks));
    racksOf.put(at, List.copyOf(replicas));
  }

  @SuppressWarnings("unchecked")
  private RackAwareTaskAssignor assignor() throws ReflectiveOperationException {
    final List<Node> nodes = new ArrayList<>();
    for (int rack = 0; rack < racks; rack++) nodes.add(new Node(rack, "host", 9092, "r" + rack));
    final List<PartitionInfo> partitions = new ArrayList<>();
    racksOf.forEach((at, on) -> {
      final Node[] replicas = on.stream().map(nodes::get).toArray(Node[]::new);
      partitions.add(new PartitionInfo(at.topic(), at.partition(), replicas[0], replicas, replicas));
    });
    final Map<ProcessId, Map<String, Optional<String>>> consumers = new TreeMap<>();
    for (final ProcessId id : states.keySet()) consumers.put(id, Map.of("consumer", Optional.of(rackOf(id))));
    final RackAwareTaskAssignor assignor = new RackAwareTaskAssignor(
        new Cluster("cluster", nodes, partitions, Set.of(), Set.of()),
        inputs, changelogs, subtopologies, consumers, null,
        new AssignmentConfigs(10_000L, 2, 0, 60_000L, List.of(), trafficCost, nonOverlapCost, strategy),
        Time.SYSTEM);
    if (!assignor.canEnableRackAwareAssignor()) throw new IllegalStateException("racks are not known");
    // Those of changelogs would be asked of a cluster.
    final var known = RackAwareTaskAssignor.class.getDeclaredField("racksForPartition");
    known.setAccessible(true);
    final var racksForPartition = (Map<TopicPartition, Set<String>>) known.get(assignor);
    racksOf.forEach((at, on) ->
        racksForPartition.put(at, on.stream().map(rack -> "r" + rack).collect(Collectors.toSet())));
    return assignor;
  }

  private String rackOf(final ProcessId id) {
    return "r" + number(id) % racks;
  }

  private static long number(final ProcessId id) {
    return id.id().getLeastSignificantBits();
  }

  private String run() throws ReflectiveOperationException {
    final RackAwareTaskAssignor assignor = assignor();
    final String processText = states.keySet().stream()
        .map(id -> quoted("p" + number(id)) + ":" + quoted(rackOf(id)))
        .collect(Collectors.joining(","));
    final String tasks = inputs.keySet().stream()
        .map(task -> quoted(task.toString()) + ":" + quoted(racksText(inputs.get(task)) + " | " + racksText(changelogs.get(task))))
        .collect(Collectors.joining(","));
    final String before = placesText();
    final long activeCost =
        assignor.optimizeActiveTasks(new TreeSet<>(inputs.keySet()), states, trafficCost, nonOverlapCost);
    addCopies();
    final String between = placesText();
    final long standbyCost =
        assignor.optimizeStandbyTasks(states, trafficCost, nonOverlapCost, (from, to, task, all) -> true);
    return "{\"strategy\":" + quoted(strategy)
        + ",\"trafficCost\":" + trafficCost + ",\"nonOverlapCost\":" + nonOverlapCost
        + ",\"processes\":{" + processText + "},\"tasks\":{" + tasks + "}"
        + ",\"before\":{" + before + "},\"active\":{" + between + "},\"activeCost\":" + activeCost
        + ",\"standby\":{" + placesText() + "},\"standbyCost\":" + standbyCost + "}";
  }

  /** By process: its active tasks, and its copies. */
  private String placesText() {
    return states.entrySet().stream()
        .map(state -> quoted("p" + number(state.getKey())) + ":"
            + quoted(text(state.getValue().activeTasks()) + " | " + text(state.getValue().standbyTasks())))
        .collect(Collectors.joining(","));
  }

  private static String text(final Set<TaskId> tasks) {
    return new TreeSet<>(tasks).stream().map(TaskId::toString).collect(Collectors.joining(" "));
  }

  private String racksText(final Set<TopicPartition> partitions) {
    return partitions.stream()
        .map(at -> racksOf.get(at).stream().map(rack -> "r" + rack).collect(Collectors.joining(" ")))
        .collect(Collectors.joining(", "));
  }

  private static String quoted(final String text) {
    return "\"" + text + "\"";
  }

  public static void main(final String[] arguments) throws ReflectiveOperationException {
    final List<String> scenarios = new ArrayList<>();
    for (int seed = 0; seed < SCENARIOS; seed++) scenarios.add(new RackAssignments(seed).run());
    System.out.println("[" + String.join(",", scenarios) + "]");
  }
}
