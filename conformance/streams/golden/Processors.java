import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.Joined;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Named;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.processor.Cancellable;
import org.apache.kafka.streams.processor.LogAndSkipOnInvalidTimestamp;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.FixedKeyProcessor;
import org.apache.kafka.streams.processor.api.FixedKeyProcessorContext;
import org.apache.kafka.streams.processor.api.FixedKeyRecord;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.ProcessorSupplier;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;
import org.apache.kafka.streams.state.TimestampedKeyValueStore;
import org.apache.kafka.streams.state.TimestampedKeyValueStoreWithHeaders;
import org.apache.kafka.streams.state.ValueAndTimestamp;
import org.apache.kafka.streams.state.ValueTimestampHeaders;

/** The programs of packages/streams/test/golden/scenarios/processors.ts. */
final class Processors {
  private static final PunctuationType STREAM_TIME = PunctuationType.STREAM_TIME;
  private static final PunctuationType WALL_CLOCK = PunctuationType.WALL_CLOCK_TIME;

  static void register(Scenarios scenarios) {
    scenarios.add("records with times and headers of their own", app ->
        in(app).process(Annotate::new).to("out", Form.TEXTS_OUT));
    scenarios.add("a store, and what is handed on is grouped", app -> {
      app.addStateStore(seen());
      in(app)
          .process(() -> new CountWords(true), "seen")
          .groupByKey(Grouped.with(Form.TEXT, Form.NUMBER))
          .count(Form.rows("updates", org.apache.kafka.common.serialization.Serdes.Long()))
          .toStream()
          .to("counted", Form.NUMBERS_OUT);
    });
    scenarios.add("a store that the supplier brings, in a step with a name", app ->
        in(app)
            .process(new BringsStore(), Named.as("count-words"))
            .filter((key, count) -> count > 1)
            .to("counted", Form.NUMBERS_OUT));
    scenarios.add("processValues keeps the key, so that a group needs no repartition topic", app -> {
      app.addStateStore(seen());
      in(app)
          .processValues(Lengths::new, "seen")
          .groupByKey(Grouped.with(Form.TEXT, Form.NUMBER))
          .reduce(Long::sum, Form.rows("sums", Form.NUMBER))
          .toStream()
          .to("counted", Form.NUMBERS_OUT);
    });
    scenarios.add("children by name", app -> {
      KStream<String, String> routed = in(app).process(Route::new, Named.as("route"));
      routed.mapValues(value -> value.toUpperCase(), Named.as("twos")).to("out", Form.TEXTS_OUT);
      routed.to("rest", Produced.<String, String>as("rest-sink").withKeySerde(Form.TEXT).withValueSerde(Form.TEXT));
    });
    scenarios.add("deletes, puts if absent, and what a plain store logs", app -> {
      app.addStateStore(
          Stores.keyValueStoreBuilder(Stores.persistentKeyValueStore("plain"), Form.TEXT, Form.TEXT));
      in(app).process(Drain::new, "plain").to("out", Form.TEXTS_OUT);
    });
    scenarios.add("calls by stream time", app -> calls(app, STREAM_TIME, 10, -1, -1));
    scenarios.add("calls by stream time from a start on", app -> calls(app, STREAM_TIME, 10, 25, -1));
    scenarios.add("calls by the wall clock", app -> calls(app, WALL_CLOCK, 5, -1, -1));
    scenarios.add("calls by the wall clock from a start to come", app -> calls(app, WALL_CLOCK, 5, 120, -1));
    scenarios.add("calls by the wall clock from a start that has passed", app -> calls(app, WALL_CLOCK, 5, 51, -1));
    scenarios.add("calls until they are cancelled", app -> calls(app, STREAM_TIME, 10, -1, 3));
    scenarios.add("a call that empties a store", app -> {
      app.addStateStore(seen());
      in(app).process(Emptying::new, "seen").to("counted", Form.NUMBERS_OUT);
    });
    scenarios.add("a store with headers", app -> {
      app.addStateStore(Stores.timestampedKeyValueStoreWithHeadersBuilder(
          Stores.persistentTimestampedKeyValueStoreWithHeaders("headed"), Form.TEXT, Form.TEXT));
      in(app).process(Headed::new, "headed").to("out", Form.TEXTS_OUT);
    });
    scenarios.add("a table restored from its topic", app -> {
      in(app)
          .join(
              app.table("others", Form.TEXTS_IN, Form.rows("rows", Form.TEXT)),
              (word, row) -> word + " " + row,
              Joined.with(Form.TEXT, Form.TEXT, Form.TEXT))
          .to("out", Form.TEXTS_OUT);
      app.table("rest", Form.TEXTS_IN).filter((key, value) -> value.length() > 3, Form.rows("long", Form.TEXT));
    });
    scenarios.add("times that are extracted", app -> {
      app.stream("in", Consumed.with(Form.TEXT, Form.TEXT).withTimestampExtractor((record, partitionTime) ->
              record.value().equals("before") ? partitionTime - 1
                  : record.value().equals("never") ? -5
                  : record.timestamp() + 1_000))
          .to("out", Form.TEXTS_OUT);
      app.stream("others", Consumed.with(Form.TEXT, Form.TEXT).withTimestampExtractor(new LogAndSkipOnInvalidTimestamp()))
          .groupByKey(Grouped.with(Form.TEXT, Form.TEXT))
          .count(Form.rows("counts", org.apache.kafka.common.serialization.Serdes.Long()));
    });
    scenarios.addTopology("a graph written by hand, whose processors share a store", () ->
        new Topology()
            .addSource("source-in", Form.TEXT.deserializer(), Form.TEXT.deserializer(), "in")
            .addProcessor("count-in", () -> new CountWords(true), "source-in")
            .addSource("source-others", Form.TEXT.deserializer(), Form.TEXT.deserializer(), "others")
            .addProcessor("count-others", () -> new CountWords(true), "source-others")
            .addStateStore(seen(), "count-in", "count-others")
            .addSink("sink", "counted", Form.TEXT.serializer(), Form.NUMBER.serializer(), "count-in", "count-others"));
  }

  private static KStream<String, String> in(StreamsBuilder app) {
    return app.stream("in", Form.TEXTS_IN);
  }

  private static StoreBuilder<TimestampedKeyValueStore<String, Long>> seen() {
    return Stores.timestampedKeyValueStoreBuilder(
        Stores.persistentTimestampedKeyValueStore("seen"), Form.TEXT, Form.NUMBER);
  }

  private static void calls(StreamsBuilder app, PunctuationType by, long everyMs, long startMs, int limit) {
    in(app).process(() -> new Caller(by, everyMs, startMs, limit)).to("counted", Form.NUMBERS_OUT);
  }

  private static final class Annotate implements Processor<String, String, String, String> {
    private ProcessorContext<String, String> context;

    @Override
    public void init(ProcessorContext<String, String> context) {
      this.context = context;
    }

    @Override
    public void process(Record<String, String> record) {
      var source = context.recordMetadata().orElseThrow();
      String at = source.topic() + "-" + source.partition() + "@" + source.offset();
      var headers = new RecordHeaders(record.headers()).add("at", at.getBytes(StandardCharsets.UTF_8));
      context.forward(record.withHeaders(headers));
      context.forward(record.withTimestamp(record.timestamp() + 1));
      context.forward(new Record<>("none", record.value(), record.timestamp(), new RecordHeaders()));
    }
  }

  private static class CountWords implements Processor<String, String, String, Long> {
    private final boolean forwards;
    ProcessorContext<String, Long> context;
    TimestampedKeyValueStore<String, Long> store;

    CountWords(boolean forwards) {
      this.forwards = forwards;
    }

    @Override
    public void init(ProcessorContext<String, Long> context) {
      this.context = context;
      store = context.getStateStore("seen");
    }

    @Override
    public void process(Record<String, String> record) {
      for (String word : record.value().split(" ")) {
        var before = store.get(word);
        long count = before == null ? 1 : before.value() + 1;
        store.put(word, ValueAndTimestamp.make(count, record.timestamp()));
        if (forwards) context.forward(record.withKey(word).withValue(count));
      }
    }
  }

  private static final class BringsStore implements ProcessorSupplier<String, String, String, Long> {
    @Override
    public Set<StoreBuilder<?>> stores() {
      return Set.of(seen());
    }

    @Override
    public Processor<String, String, String, Long> get() {
      return new CountWords(true);
    }
  }

  private static final class Lengths implements FixedKeyProcessor<String, String, Long> {
    private FixedKeyProcessorContext<String, Long> context;
    private TimestampedKeyValueStore<String, Long> store;

    @Override
    public void init(FixedKeyProcessorContext<String, Long> context) {
      this.context = context;
      store = context.getStateStore("seen");
    }

    @Override
    public void process(FixedKeyRecord<String, String> record) {
      var before = record.key() == null ? null : store.get(record.key());
      long length = record.value().length();
      if (record.key() != null) store.put(record.key(), ValueAndTimestamp.make(length, record.timestamp()));
      context.forward(record.withValue(length - (before == null ? 0 : before.value())));
    }
  }

  private static final class Route implements Processor<String, String, String, String> {
    private ProcessorContext<String, String> context;

    @Override
    public void init(ProcessorContext<String, String> context) {
      this.context = context;
    }

    @Override
    public void process(Record<String, String> record) {
      if (record.value().contains("two")) context.forward(record, "twos");
      else if ("b".equals(record.key())) context.forward(record, "rest-sink");
      else context.forward(record);
    }
  }

  private static final class Drain implements Processor<String, String, String, String> {
    private ProcessorContext<String, String> context;
    private KeyValueStore<String, String> store;

    @Override
    public void init(ProcessorContext<String, String> context) {
      this.context = context;
      store = context.getStateStore("plain");
    }

    @Override
    public void process(Record<String, String> record) {
      if (!record.value().equals("drain")) {
        String before = store.putIfAbsent(record.key() == null ? "no key" : record.key(), record.value());
        context.forward(record.withValue(before == null ? "new" : before));
        return;
      }
      List<KeyValue<String, String>> entries = new ArrayList<>();
      try (KeyValueIterator<String, String> all = store.all()) {
        all.forEachRemaining(entries::add);
      }
      for (var entry : entries) {
        store.delete(entry.key);
        context.forward(record.withKey(entry.key).withValue(entry.value));
      }
    }
  }

  private static final class Headed implements Processor<String, String, String, String> {
    private ProcessorContext<String, String> context;
    private TimestampedKeyValueStoreWithHeaders<String, String> store;

    @Override
    public void init(ProcessorContext<String, String> context) {
      this.context = context;
      store = context.getStateStore("headed");
    }

    @Override
    public void process(Record<String, String> record) {
      String key = record.key() == null ? "none" : record.key();
      var found = store.get(key);
      if (record.value().equals("read") && found != null) {
        context.forward(new Record<>(record.key(), found.value(), found.timestamp(), found.headers()));
      } else if (record.value().equals("forget")) {
        store.delete(key);
      } else {
        store.put(key, ValueTimestampHeaders.make(record.value(), record.timestamp(), record.headers()));
      }
    }
  }

  private static final class Caller implements Processor<String, String, String, Long> {
    private final PunctuationType by;
    private final long everyMs;
    private final long startMs;
    private final int limit;
    private Cancellable called;
    private int calls;

    Caller(PunctuationType by, long everyMs, long startMs, int limit) {
      this.by = by;
      this.everyMs = everyMs;
      this.startMs = startMs;
      this.limit = limit;
    }

    @Override
    public void init(ProcessorContext<String, Long> context) {
      Duration every = Duration.ofMillis(everyMs);
      called = startMs < 0
          ? context.schedule(every, by, timestamp -> call(context, timestamp))
          : context.schedule(Instant.ofEpochMilli(startMs), every, by, timestamp -> call(context, timestamp));
    }

    private void call(ProcessorContext<String, Long> context, long timestamp) {
      calls++;
      if (calls == limit) called.cancel();
      context.forward(new Record<>("call " + calls, timestamp, timestamp));
    }

    @Override
    public void process(Record<String, String> record) {}
  }

  private static final class Emptying extends CountWords {
    Emptying() {
      super(false);
    }

    @Override
    public void init(ProcessorContext<String, Long> context) {
      super.init(context);
      context.schedule(Duration.ofMillis(10), WALL_CLOCK, timestamp -> {
        List<KeyValue<String, ValueAndTimestamp<Long>>> entries = new ArrayList<>();
        try (var all = store.all()) {
          all.forEachRemaining(entries::add);
        }
        for (var entry : entries) {
          context.forward(new Record<>(entry.key, entry.value.value(), timestamp));
          store.delete(entry.key);
        }
      });
    }
  }
}
