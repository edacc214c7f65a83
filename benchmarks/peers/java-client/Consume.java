import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Scanner;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** Kafka's own Java consumer at its defaults; the same work as src/drivers/consume.ts. */
public class Consume {
    public static void main(String[] args) {
        String topic = args[1];
        long wanted = Long.parseLong(args[2]);
        Map<String, Object> config = Map.of("bootstrap.servers", args[0], "client.id", "bench-java",
                "enable.auto.commit", "false", "auto.offset.reset", "earliest");
        try (var consumer = new KafkaConsumer<byte[], byte[]>(config, new ByteArrayDeserializer(),
                new ByteArrayDeserializer()); Scanner input = new Scanner(System.in)) {
            List<TopicPartition> partitions = consumer.partitionsFor(topic).stream()
                    .map(info -> new TopicPartition(topic, info.partition())).toList();
            System.out.println("ready");
            input.nextLine();
            consumer.assign(partitions);
            long records = 0;
            long bytes = 0;
            int sum = 0;
            while (records < wanted) {
                for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofSeconds(1))) {
                    byte[] value = record.value();
                    records++;
                    bytes += value.length;
                    sum += ByteBuffer.wrap(value).getInt(0);
                }
            }
            System.out.printf("{\"records\":%d,\"bytes\":%d,\"sum\":%d}%n", records, bytes, sum);
            while (input.hasNextLine()) input.nextLine();
        }
    }
}
