import java.io.PrintStream;
import java.nio.ByteBuffer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.MessageFormatter;
import org.apache.kafka.coordinator.common.runtime.CoordinatorRecord;
import org.apache.kafka.coordinator.group.GroupCoordinatorRecordSerde;

/** For kafka-console-consumer: prints every record of __consumer_offsets as Kafka's own coordinator reads it. */
public final class GroupRecordsFormatter implements MessageFormatter {
    private final GroupCoordinatorRecordSerde serde = new GroupCoordinatorRecordSerde();

    @Override
    public void writeTo(ConsumerRecord<byte[], byte[]> record, PrintStream output) {
        ByteBuffer value = record.value() == null ? null : ByteBuffer.wrap(record.value());
        CoordinatorRecord read = serde.deserialize(ByteBuffer.wrap(record.key()), value);
        String version = read.value() == null ? "-" : String.valueOf(read.value().version());
        output.println(read.key().apiKey() + " " + version + " " + read.key() + " "
            + (read.value() == null ? "null" : read.value().message()));
    }
}
