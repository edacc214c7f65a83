import java.time.Duration;
import java.util.*;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.StringDeserializer;

/**
 * One member of a group in a process of its own. Arguments: brokers, group, protocol, what to subscribe to (topics with
 * commas, or /expression/), and settings as name=value. Prints what it is assigned, what is taken from it, and the value
 * of every record once the offset behind it is committed. SIGTERM closes the consumer.
 */
public final class GroupMember {
    public static void main(String[] args) throws Exception {
        Properties properties = new Properties();
        properties.put("bootstrap.servers", args[0]);
        properties.put("group.id", args[1]);
        properties.put("group.protocol", args[2]);
        properties.put("auto.offset.reset", "earliest");
        properties.put("enable.auto.commit", "false");
        properties.put("metadata.max.age.ms", "1000");
        for (int i = 4; i < args.length; i++) {
            String[] setting = args[i].split("=", 2);
            properties.put(setting[0], setting[1]);
        }
        KafkaConsumer<String, String> consumer =
            new KafkaConsumer<>(properties, new StringDeserializer(), new StringDeserializer());
        Thread main = Thread.currentThread();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            consumer.wakeup();
            try {
                main.join(20_000);
            } catch (InterruptedException ignored) {
                Thread.currentThread().interrupt();
            }
        }));
        ConsumerRebalanceListener listener = new ConsumerRebalanceListener() {
            public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
                say("assigned", partitions);
            }

            public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
                say("revoked", partitions);
            }

            public void onPartitionsLost(Collection<TopicPartition> partitions) {
                say("lost", partitions);
            }
        };
        String topics = args[3];
        if (topics.startsWith("/")) {
            consumer.subscribe(new SubscriptionPattern(topics.substring(1, topics.length() - 1)), listener);
        } else {
            consumer.subscribe(Arrays.asList(topics.split(",")), listener);
        }
        try {
            while (true) {
                ConsumerRecords<String, String> records = consumer.poll(Duration.ofMillis(100));
                if (records.isEmpty()) continue;
                // Before the commit, so that what is read and never committed counts as read too.
                for (ConsumerRecord<String, String> record : records) System.out.println("record " + record.value());
                System.out.flush();
                try {
                    consumer.commitSync();
                } catch (WakeupException closing) {
                    consumer.commitSync();
                    throw closing;
                }
            }
        } catch (WakeupException closing) {
            // The hook woke the poll.
        } catch (RuntimeException failed) {
            System.out.println("failed " + failed.getClass().getSimpleName());
            System.out.flush();
        } finally {
            consumer.close(CloseOptions.timeout(Duration.ofSeconds(10)));
        }
    }

    private static void say(String event, Collection<TopicPartition> partitions) {
        String names = partitions.stream().map(TopicPartition::toString).sorted().collect(Collectors.joining(","));
        System.out.println(event + " " + names);
        System.out.flush();
    }
}
