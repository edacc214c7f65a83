import java.time.Duration;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.kstream.WindowedSerdes;

/** The programs of packages/streams/test/golden/scenarios/time-windows.ts. */
final class TimeWindowed {
  private static final TimeWindows MINUTE = TimeWindows.ofSizeAndGrace(Duration.ofMillis(100), Duration.ofMillis(50));
  private static final Produced<org.apache.kafka.streams.kstream.Windowed<String>, Long> COUNTED =
      Produced.with(WindowedSerdes.timeWindowedSerdeFrom(String.class, 100), Form.NUMBER);

  static void register(Scenarios scenarios) {
    scenarios.add("tumbling count", app ->
        app.stream("in", Form.TEXTS_IN).groupByKey().windowedBy(MINUTE).count(Materialized.as("counts")).toStream()
            .to("counted", COUNTED));
  }
}
