import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.ObjectWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Properties;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.state.KeyValueStore;

/** The topologies of src/drivers/streams-app.ts in Kafka Streams: one thread, everything else at its defaults. */
public class StreamsApp {
    public record Order(String orderId, String customerId, long amountCents, String currency, String status, String note) {}

    public record Totals(long count, long sum) {}

    public static void main(String[] args) throws InterruptedException {
        String input = args[3];
        String output = args[4];
        Properties config = new Properties();
        config.put("bootstrap.servers", args[1]);
        config.put("application.id", args[2]);
        config.put("state.dir", args[5]);
        config.put("processing.guarantee", "exactly_once_v2");
        config.put("num.stream.threads", "1");
        config.put("auto.offset.reset", "earliest");
        StreamsBuilder builder = new StreamsBuilder();
        KStream<String, Order> orders = builder.stream(input, Consumed.with(Serdes.String(), json(Order.class)));
        switch (args[0]) {
            case "aggregate" -> orders.groupByKey(Grouped.with(Serdes.String(), json(Order.class)))
                    .aggregate(() -> new Totals(0, 0),
                            (key, order, totals) -> new Totals(totals.count() + 1, totals.sum() + order.amountCents()),
                            Materialized.<String, Totals, KeyValueStore<Bytes, byte[]>>as("totals")
                                    .withKeySerde(Serdes.String()).withValueSerde(json(Totals.class)))
                    .toStream().to(output, Produced.with(Serdes.String(), json(Totals.class)));
            case "filter-map" -> orders.filter((key, order) -> order.amountCents() % 4 == 0)
                    .mapValues(order -> order.orderId() + ":" + order.amountCents())
                    .to(output, Produced.with(Serdes.String(), Serdes.String()));
            default -> throw new IllegalArgumentException(args[0]);
        }
        KafkaStreams streams = new KafkaStreams(builder.build(), config);
        Runtime.getRuntime().addShutdownHook(new Thread(streams::close));
        streams.setStateListener((now, before) -> System.out.println("state " + now));
        streams.start();
        Thread.currentThread().join();
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
