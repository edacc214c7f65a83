import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.apache.kafka.clients.consumer.CommitFailedException;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.SubscriptionPattern;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.RebalanceInProgressException;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.StringDeserializer;

/** A member of a group with a thread of its own: it reads, commits what it read, and tells what it owns. */
final class Member implements ConsumerRebalanceListener {
    private final Consumer<String, String> consumer;
    private final Thread thread;
    private final TreeSet<String> owned = new TreeSet<>();
    private final List<String> values = new ArrayList<>();
    private volatile boolean leaving;
    private String error = "NONE";

    Member(Properties properties, JsonNode args) {
        consumer = new KafkaConsumer<>(properties, new StringDeserializer(), new StringDeserializer());
        if (!args.has("pattern")) {
            List<String> topics = new ArrayList<>();
            for (JsonNode topic : args.get("topics")) topics.add(topic.asText());
            consumer.subscribe(topics, this);
        } else if (Client.text(args, "protocol", "classic").equals("consumer")) {
            consumer.subscribe(new SubscriptionPattern(args.get("pattern").asText()), this);
        } else {
            consumer.subscribe(Pattern.compile(args.get("pattern").asText()), this);
        }
        thread = new Thread(this::loop);
        thread.setDaemon(true);
        thread.start();
    }

    private void loop() {
        try {
            while (!leaving) {
                ConsumerRecords<String, String> records = consumer.poll(Duration.ofMillis(100));
                if (records.isEmpty()) continue;
                synchronized (this) {
                    for (ConsumerRecord<String, String> record : records) values.add(record.value());
                }
                try {
                    consumer.commitSync();
                } catch (CommitFailedException | RebalanceInProgressException moved) {
                    // Who owns the partitions now reads the records again.
                }
            }
        } catch (WakeupException left) {
            // leave() woke the poll.
        } catch (RuntimeException failed) {
            synchronized (this) {
                error = failed.getClass().getSimpleName();
                owned.clear();
            }
        } finally {
            consumer.close();
        }
    }

    synchronized Map<String, Object> state() {
        return Map.of("owned", new ArrayList<>(owned), "values", new ArrayList<>(values), "error", error);
    }

    void leave() throws InterruptedException {
        leaving = true;
        consumer.wakeup();
        thread.join(10_000);
    }

    @Override
    public synchronized void onPartitionsAssigned(Collection<TopicPartition> partitions) {
        for (TopicPartition partition : partitions) owned.add(partition.toString());
    }

    @Override
    public synchronized void onPartitionsRevoked(Collection<TopicPartition> partitions) {
        for (TopicPartition partition : partitions) owned.remove(partition.toString());
    }

    @Override
    public synchronized void onPartitionsLost(Collection<TopicPartition> partitions) {
        onPartitionsRevoked(partitions);
    }
}
