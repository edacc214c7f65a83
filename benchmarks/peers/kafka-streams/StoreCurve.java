import java.nio.charset.StandardCharsets;
import java.util.Random;
import java.util.Scanner;
import org.rocksdb.BlockBasedTableConfig;
import org.rocksdb.BloomFilter;
import org.rocksdb.CompactionStyle;
import org.rocksdb.CompressionType;
import org.rocksdb.FlushOptions;
import org.rocksdb.LRUCache;
import org.rocksdb.Options;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.WriteOptions;

/** The work of src/drivers/store-curve.ts in RocksDB, set as Kafka Streams sets it for its stores. */
public class StoreCurve {
    private static final int PER_TRANSACTION = 10_000;

    public static void main(String[] args) throws RocksDBException {
        RocksDB.loadLibrary();
        long keys = Long.parseLong(args[1]);
        long updates = Long.parseLong(args[2]);
        BlockBasedTableConfig table = new BlockBasedTableConfig();
        table.setBlockCache(new LRUCache(50 * 1024 * 1024));
        table.setBlockSize(4096);
        table.setFilterPolicy(new BloomFilter());
        Options options = new Options();
        options.setCreateIfMissing(true);
        options.setTableFormatConfig(table);
        options.setOptimizeFiltersForHits(true);
        options.setWriteBufferSize(16 * 1024 * 1024);
        options.setMaxWriteBufferNumber(3);
        options.setCompressionType(CompressionType.NO_COMPRESSION);
        options.setCompactionStyle(CompactionStyle.UNIVERSAL);
        options.setIncreaseParallelism(Math.max(Runtime.getRuntime().availableProcessors(), 2));
        WriteOptions unlogged = new WriteOptions().setDisableWAL(true);
        byte[] value = new byte[100];
        try (RocksDB db = RocksDB.open(options, args[0]); Scanner input = new Scanner(System.in)) {
            for (long number = 0; number < keys; number++) db.put(unlogged, key(number), value);
            db.flush(new FlushOptions().setWaitForFlush(true));
            System.out.println("ready");
            input.nextLine();
            Random random = new Random(3);
            for (long done = 0; done < updates; done++) {
                byte[] key = key((long) (random.nextDouble() * keys));
                if (db.get(key).length != value.length) throw new IllegalStateException("a row is lost");
                value[0] = (byte) (done % PER_TRANSACTION);
                db.put(unlogged, key, value);
            }
            System.out.printf("{\"updates\":%d}%n", updates);
            while (input.hasNextLine()) input.nextLine();
        }
    }

    private static byte[] key(long number) {
        String digits = Long.toString(number);
        return ("customer-" + "0".repeat(16 - digits.length()) + digits).getBytes(StandardCharsets.US_ASCII);
    }
}
