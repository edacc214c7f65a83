import java.time.Duration;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.JoinWindows;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.StreamJoined;

/** The programs of packages/streams/test/golden/scenarios/stream-joins.ts. */
final class StreamJoins {
  private interface Join {
    KStream<String, String> of(
        KStream<String, String> one, KStream<String, String> other, JoinWindows within, StreamJoined<String, String, String> how);
  }

  private interface Program {
    KStream<String, String> build(StreamsBuilder app, Join join);
  }

  private static final StreamJoined<String, String, String> TEXTS = StreamJoined.with(Form.TEXT, Form.TEXT, Form.TEXT);
  /** What joins make is written as JSON. */
  private static final StreamJoined<String, String, String> QUOTED = StreamJoined.with(Form.TEXT, Form.QUOTED, Form.TEXT);

  static void register(Scenarios scenarios) {
    JoinWindows close = JoinWindows.ofTimeDifferenceWithNoGrace(ms(10));
    each(scenarios, "no grace", (app, join) -> join.of(in(app, "left"), in(app, "right"), close, TEXTS));
    each(scenarios, "grace", (app, join) ->
        join.of(in(app, "left"), in(app, "right"), JoinWindows.ofTimeDifferenceAndGrace(ms(10), ms(15)), TEXTS));
    each(scenarios, "only later", (app, join) ->
        join.of(
            in(app, "left"), in(app, "right"), JoinWindows.ofTimeDifferenceAndGrace(ms(20), ms(5)).before(ms(0)), TEXTS));
    each(scenarios, "only earlier", (app, join) ->
        join.of(
            in(app, "left"), in(app, "right"), JoinWindows.ofTimeDifferenceAndGrace(ms(30), ms(5)).after(ms(-5)), TEXTS));
    each(scenarios, "named", (app, join) ->
        join.of(in(app, "left"), in(app, "right"), close, TEXTS.withName("pairs").withStoreName("kept")));
    each(scenarios, "changed keys", (app, join) ->
        join.of(in(app, "left").selectKey((key, value) -> key), in(app, "right"), close, TEXTS.withName("pairs")));
    each(scenarios, "changed keys of both, without name", (app, join) ->
        join.of(
            in(app, "left").selectKey((key, value) -> key), in(app, "right").selectKey((key, value) -> key), close, TEXTS));
    each(scenarios, "itself", (app, join) -> {
      KStream<String, String> stream = in(app, "left");
      return join.of(stream, stream, JoinWindows.ofTimeDifferenceWithNoGrace(ms(10)).before(ms(5)), TEXTS);
    });
    each(scenarios, "itself, from one store", (app, join) -> {
      KStream<String, String> stream = in(app, "left");
      return join.of(stream, stream, JoinWindows.ofTimeDifferenceWithNoGrace(ms(10)).before(ms(5)), TEXTS);
    });
    each(scenarios, "joined again", (app, join) ->
        join.of(join.of(in(app, "left"), in(app, "right"), close, TEXTS), in(app, "third"), close, QUOTED));
  }

  private static void each(Scenarios scenarios, String name, Program program) {
    scenarios.add("join: " + name, app ->
        program.build(app, (one, other, within, how) -> one.join(other, StreamJoins::paired, within, how))
            .to("out", Form.TEXTS_OUT));
    scenarios.add("leftJoin: " + name, app ->
        program.build(app, (one, other, within, how) -> one.leftJoin(other, StreamJoins::paired, within, how))
            .to("out", Form.TEXTS_OUT));
    scenarios.add("outerJoin: " + name, app ->
        program.build(app, (one, other, within, how) -> one.outerJoin(other, StreamJoins::paired, within, how))
            .to("out", Form.TEXTS_OUT));
  }

  private static String paired(String one, String other) {
    return "null".equals(one) ? null : one + "+" + other;
  }

  private static KStream<String, String> in(StreamsBuilder app, String topic) {
    return app.stream(topic, Form.TEXTS_IN);
  }

  private static Duration ms(long millis) {
    return Duration.ofMillis(millis);
  }
}
