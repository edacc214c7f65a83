import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.ObjectWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.Properties;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.Joined;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.KTable;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.kstream.WindowedSerdes;
import org.apache.kafka.streams.processor.StateRestoreListener;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.WindowStore;

/**
 * The topologies of src/drivers/streams-topologies.ts in Kafka Streams: one thread, everything else at its defaults, but for
 * the commit interval of at-least-once, whose 30 s are longer than a trial.
 */
public class StreamsApp {
    public record Order(String orderId, String customerId, long amountCents, String currency, String status, String note) {}

    public record Customer(String name, String country) {}

    public record Totals(long count, long sum) {}

    public record Placed(String orderId, long amountCents, String country) {}

    public static void main(String[] args) throws InterruptedException {
        Properties config = new Properties();
        boolean atLeastOnce = args[1].equals("at_least_once");
        config.put("processing.guarantee", atLeastOnce ? "at_least_once" : "exactly_once_v2");
        if (atLeastOnce) config.put("commit.interval.ms", "1000");
        config.put("bootstrap.servers", args[2]);
        config.put("application.id", args[3]);
        config.put("state.dir", args[7]);
        config.put("num.stream.threads", "1");
        config.put("auto.offset.reset", "earliest");
        StreamsBuilder builder = new StreamsBuilder();
        build(builder, args[0], args[4], args[5], args[6]);
        KafkaStreams streams = new KafkaStreams(builder.build(), config);
        Runtime.getRuntime().addShutdownHook(new Thread(streams::close));
        streams.setStateListener((now, before) -> System.out.println("state " + now));
        streams.setGlobalStateRestoreListener(new Told());
        streams.start();
        Thread.currentThread().join();
    }

    private static void build(StreamsBuilder builder, String topology, String input, String output, String table) {
        if (topology.equals("pass-through")) {
            builder.stream(input, Consumed.with(Serdes.ByteArray(), Serdes.ByteArray()))
                    .to(output, Produced.with(Serdes.ByteArray(), Serdes.ByteArray()));
            return;
        }
        KStream<String, Order> orders = builder.stream(input, Consumed.with(Serdes.String(), json(Order.class)));
        switch (topology) {
            case "aggregate" -> orders.groupByKey(Grouped.with(Serdes.String(), json(Order.class)))
                    .aggregate(() -> new Totals(0, 0),
                            (key, order, totals) -> new Totals(totals.count() + 1, totals.sum() + order.amountCents()),
                            Materialized.<String, Totals, KeyValueStore<Bytes, byte[]>>as("totals")
                                    .withKeySerde(Serdes.String()).withValueSerde(json(Totals.class)))
                    .toStream().to(output, Produced.with(Serdes.String(), json(Totals.class)));
            case "window" -> orders.groupByKey(Grouped.with(Serdes.String(), json(Order.class)))
                    .windowedBy(TimeWindows.ofSizeAndGrace(Duration.ofMinutes(1), Duration.ofSeconds(5)))
                    .count(Materialized.<String, Long, WindowStore<Bytes, byte[]>>as("per-minute")
                            .withKeySerde(Serdes.String()).withValueSerde(Serdes.Long()))
                    .toStream()
                    .to(output, Produced.with(WindowedSerdes.timeWindowedSerdeFrom(String.class, 60_000), json(Long.class)));
            case "join" -> {
                KTable<String, Customer> customers = builder.table(table,
                        Consumed.with(Serdes.String(), json(Customer.class)),
                        Materialized.<String, Customer, KeyValueStore<Bytes, byte[]>>as("customers"));
                orders.join(customers,
                                (order, customer) -> new Placed(order.orderId(), order.amountCents(), customer.country()),
                                Joined.with(Serdes.String(), json(Order.class), json(Customer.class)))
                        .to(output, Produced.with(Serdes.String(), json(Placed.class)));
            }
            case "filter-map" -> orders.filter((key, order) -> order.amountCents() % 4 == 0)
                    .mapValues(order -> order.orderId() + ":" + order.amountCents())
                    .to(output, Produced.with(Serdes.String(), Serdes.String()));
            default -> throw new IllegalArgumentException(topology);
        }
    }

    private static final class Told implements StateRestoreListener {
        @Override
        public void onRestoreStart(TopicPartition changelog, String store, long from, long to) {
            System.out.println("restoring " + changelog);
        }

        @Override
        public void onBatchRestored(TopicPartition changelog, String store, long end, long records) {}

        @Override
        public void onRestoreEnd(TopicPartition changelog, String store, long records) {
            System.out.println("restored " + changelog);
        }
    }

    private static <T> Serde<T> json(Class<T> type) {
        ObjectMapper mapper = new ObjectMapper();
        ObjectReader reader = mapper.readerFor(type);
        ObjectWriter writer = mapper.writerFor(type);
        return Serdes.serdeFrom((topic, value) -> {
            try {
                return value == null ? null : writer.writeValueAsBytes(value);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }, (topic, bytes) -> {
            try {
                return bytes == null ? null : reader.<T>readValue(bytes);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }
}
