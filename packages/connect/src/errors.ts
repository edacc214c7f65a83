import { type ErrorTable, errorFactory } from '@millrace/base'

export const connectErrors = {
  CONNECT_POSITION_INVALID: {
    retriable: false,
    cause: 'The stored position of a source is not one that this version reads.',
    remedy:
      'Run the version that wrote it, or newer; to begin anew, drop the slot and run "millrace connect forget <name>".',
  },
  CONNECT_FILE_CUT: {
    retriable: false,
    cause: 'A file that is read as it grows has become shorter than what was read of it: it was replaced, or cut.',
    remedy:
      'Give each file a name of its own and only add to it. To read this one from its beginning, stop the connector and reset its offsets.',
  },
  CONNECT_POSITION_BLOCKED: {
    retriable: true,
    cause: "Another source's unfinished transaction in the topic of positions hides what was committed after it.",
    remedy: 'Nothing: the broker ends it after its transaction time-out, and the source goes on by itself.',
  },
  CONNECT_TOPIC_UNKNOWN: {
    retriable: false,
    cause: 'A source met a row that is addressed to a topic it was not given.',
    remedy: 'Add the topic to `topics`, or say with `onUnknownTopic` what to do with such rows.',
  },
  CONNECT_RECORD_REFUSED: {
    retriable: false,
    cause: 'A transform or converter of the connector cannot deal with a record, and `errors.tolerance` is none.',
    remedy:
      'Correct the transform, converter or record that the message names; or set `errors.tolerance` to all, and a dead-letter topic for such records.',
  },
  CONNECT_RECORD_RETRIED: {
    retriable: true,
    cause:
      'A transform or converter failed at a record for a reason that may pass, and `errors.retry.timeout` has not.',
    remedy: 'Nothing, if it passes; the cause says what is in the way.',
  },
  CONNECT_CONNECTOR_UNKNOWN: {
    retriable: false,
    cause: 'This worker has no connector of that name.',
    remedy: 'List the connectors with "millrace connect status" or GET /connectors.',
  },
  CONNECT_CONNECTOR_EXISTS: {
    retriable: false,
    cause: 'A connector of that name exists already.',
    remedy: 'Choose another name, or change the config of the one that exists with PUT /connectors/<name>/config.',
  },
  CONNECT_CONNECTOR_DECLARED: {
    retriable: false,
    cause: 'A connector that the configuration of the process declares was to be changed from outside.',
    remedy: 'Change the configuration and start the process anew.',
  },
  CONNECT_TASK_UNKNOWN: {
    retriable: false,
    cause: 'The connector has no task of that number.',
    remedy: 'GET /connectors/<name>/tasks lists its tasks; there is one, 0, unless it is stopped or could not be made.',
  },
  CONNECT_PLUGIN_UNKNOWN: {
    retriable: false,
    cause: 'No plugin has the class name that was given.',
    remedy:
      'List the plugins with "millrace connect plugins"; a plugin of your own goes into `connect.plugins` of the configuration.',
  },
  CONNECT_NOT_STOPPED: {
    retriable: false,
    cause: 'The offsets of a connector that is not stopped cannot be altered: it would go on from its own.',
    remedy: 'Stop it first: "millrace connect stop <name>" or PUT /connectors/<name>/stop.',
  },
  CONNECT_OFFSETS_REFUSED: {
    retriable: false,
    cause: 'Offsets were given that the connector does not have, or that cannot be altered.',
    remedy: 'GET /connectors/<name>/offsets shows their form.',
  },
  CONNECT_OFFSETS_CONTENDED: {
    retriable: true,
    cause:
      'While the offsets of a connector were being altered, another process altered them or started the connector.',
    remedy: 'GET /connectors/<name>/offsets shows what they are now; alter them again if that is not what you want.',
  },
  CONNECT_WORKER_CLOSED: {
    retriable: true,
    cause: 'The worker was asked to change a connector while it was being closed.',
    remedy: 'Ask again once a worker runs.',
  },
  CONNECT_TOPIC_UNFIT: {
    retriable: false,
    cause: 'A topic in which a Connect worker keeps configs or statuses exists with other settings than it needs.',
    remedy:
      'Set cleanup.policy=compact on the topic, with kafka-configs for instance; or name another topic, which is then created.',
  },
  CONNECT_FILE_UNAVAILABLE: {
    retriable: true,
    cause: 'A file that a connector is to read is not there, or may not be read.',
    remedy: 'Nothing, if it is yet to be made; otherwise correct `file`, or the rights to it.',
  },
  CONNECT_NO_TOPICS: {
    retriable: true,
    cause: 'No topic matches the pattern of a sink yet.',
    remedy: 'Create the topics, or correct `topics.regex`; the connector is looked at again when it is restarted.',
  },
  CONNECT_STOPPED: {
    retriable: false,
    cause: 'The connector was stopped while this was under way.',
    remedy: 'Nothing is lost; it goes on from its stored position when it is started again.',
  },
  CONNECT_NO_OFFSET: {
    retriable: false,
    cause:
      'The offset from which a sink has to go on is no longer in the topic: records it has not written were deleted. Or it has none yet, and is told not to choose one.',
    remedy:
      'Lengthen the retention of the topic; delete the row in millrace_sink_offsets, or alter the offsets of the connector, to go on from what is left.',
  },
  CONNECT_NO_DEAD_LETTERS: {
    retriable: false,
    cause: 'A record cannot be written, and the sink was told to fail rather than set it aside.',
    remedy: "Correct the record's writer or the table, or set `onBadRecord: 'dead-letter'`.",
  },
  CONNECT_CONFIG_INVALID: {
    retriable: false,
    cause:
      'The config of a connector, converter or transform has a value that is not allowed or a name that is not known.',
    remedy: 'Correct or remove what the message names; `validate` lists all of it at once.',
  },
  CONNECT_CONVERT_FAILED: {
    retriable: false,
    cause: 'A record is not what its converter reads or writes.',
    remedy: 'Choose the converter with which the records were written, or let errors.tolerance set such records aside.',
  },
  CONNECT_TRANSFORM_FAILED: {
    retriable: false,
    cause: 'A record is not of the shape that a transform of the connector works on.',
    remedy: 'Correct the transform, restrict it by a predicate, or let errors.tolerance set such records aside.',
  },
  CONNECT_SECRET_MISSING: {
    retriable: false,
    cause: 'A config refers to a value that its config provider does not have.',
    remedy: 'Add the variable, file or key that the message names where the provider looks for it.',
  },
  DEAD_LETTER_NOT_OPEN: {
    retriable: false,
    cause: 'There is no dead letter at that position, or something has been done about it already.',
    remedy: 'List the open ones with "millrace dlq list <topic>"; "millrace dlq audit <topic>" tells who did what.',
  },
  DEAD_LETTER_WITHOUT_VALUE: {
    retriable: false,
    cause: 'The record was too large for its dead-letter topic, which has its key, headers and origin.',
    remedy:
      "Read the value at the letter's origin and give it with an edit, or leave the letter out of the selection; a greater max.message.bytes of the dead-letter topic takes the next one whole.",
  },
  DEAD_LETTER_NO_TARGET: {
    retriable: false,
    cause: 'Nothing says where dead letters came from, or the topic that they came from is gone.',
    remedy: 'Name the topic that they shall go to with --to.',
  },
  DEAD_LETTER_DESK_TAKEN: {
    retriable: false,
    cause: 'Somebody else began to work on the same dead letters; what this command had not finished was undone.',
    remedy: 'Agree on who does it, then run the command again: it goes on with the letters that are still open.',
  },
  POSTGRES_DRIVER_MISSING: {
    retriable: false,
    cause: 'A package that the PostgreSQL connectors need is not installed.',
    remedy: 'Install it beside millrace: npm install pg pg-logical-replication.',
  },
  POSTGRES_UNAVAILABLE: {
    retriable: true,
    cause: 'The database does not answer, is starting or stopping, or has run out of a resource.',
    remedy: 'Nothing, if it comes back; otherwise check address, server and disk. The connector goes on where it was.',
  },
  POSTGRES_ACCESS_DENIED: {
    retriable: false,
    cause: 'The database refuses the user, its password, or the database name.',
    remedy:
      'Correct the url, or create the database or role that is missing; check pg_hba.conf, which must also allow replication connections for a source.',
  },
  POSTGRES_NO_RIGHT: {
    retriable: false,
    cause: 'The user lacks a right on a table, a schema or the database.',
    remedy:
      'Run what the message shows, or grant the right to what it names: GRANT SELECT ON <table> TO <user> for a source; GRANT SELECT, INSERT, UPDATE, DELETE ON <table> TO <user> for a sink, and GRANT CREATE ON SCHEMA <schema> TO <user> where it makes tables.',
  },
  POSTGRES_POOLER: {
    retriable: false,
    cause: 'The address leads to a connection pooler, which does not pass replication connections on.',
    remedy: 'Give the source the address of PostgreSQL itself, not of PgBouncer or another pooler.',
  },
  POSTGRES_WAL_LEVEL: {
    retriable: false,
    cause: 'The server does not write what logical decoding needs.',
    remedy: "Run: ALTER SYSTEM SET wal_level = 'logical'; and restart PostgreSQL.",
  },
  POSTGRES_NO_REPLICATION_RIGHT: {
    retriable: false,
    cause: 'The user may not start replication.',
    remedy: 'Run as a superuser: ALTER ROLE <user> REPLICATION; (Amazon RDS: GRANT rds_replication TO <user>;).',
  },
  POSTGRES_NO_PUBLICATION_RIGHT: {
    retriable: false,
    cause: 'The user may not create the publication.',
    remedy:
      'Run the statements that the message shows: a superuser creates the publications; or the user gets both CREATE on the database and the tables (ownership), which creating them takes.',
  },
  POSTGRES_PUBLICATION_INCOMPLETE: {
    retriable: false,
    cause: 'The publication exists but leaves out tables or operations that the source was asked to capture.',
    remedy: 'Run the statement that the message shows, or name another publication.',
  },
  POSTGRES_PUBLICATION_LOST: {
    retriable: false,
    cause: 'The publication did not exist yet at the point in the log from which the slot reads.',
    remedy:
      'Drop the replication slot and run "millrace connect forget <name>"; the source then begins with a new snapshot.',
  },
  POSTGRES_CHANGES_UNSEEN: {
    retriable: false,
    cause:
      'A captured table was renamed or replaced, was left out of its publication for a while, or did not log the columns of the record key: changes of it are not in the stream.',
    remedy:
      'With `snapshot: "when-needed"` the source publishes its tables anew, and deletes what has gone. Otherwise drop the replication slot and run "millrace connect forget <name>"; the source then begins with a new snapshot.',
  },
  POSTGRES_PUBLICATION_DUE: {
    retriable: true,
    cause: 'The source has read everything that was written before a publication was created, and goes on with it.',
    remedy: 'Nothing: the source does so by itself.',
  },
  POSTGRES_TABLE_MISSING: {
    retriable: true,
    cause: 'A table that the source was asked to capture does not exist yet.',
    remedy: "Run the service's migrations; the source goes on by itself once the table exists.",
  },
  POSTGRES_COLUMN_MISSING: {
    retriable: false,
    cause: 'A table has not the columns that the connector needs.',
    remedy: 'Add the columns, or correct the options that name them.',
  },
  POSTGRES_REPLICA_IDENTITY: {
    retriable: false,
    cause: 'PostgreSQL does not log the columns of the record key when a row of the table is deleted or updated.',
    remedy: 'Run: ALTER TABLE <table> REPLICA IDENTITY FULL; or choose the primary key as record key.',
  },
  POSTGRES_SLOT_TAKEN: {
    retriable: true,
    cause: 'Another process reads from the replication slot.',
    remedy:
      'Stop the other process, or give this source a `slot` of its own; it goes on by itself once the slot is free.',
  },
  POSTGRES_SLOT_FOREIGN: {
    retriable: false,
    cause: 'The replication slot belongs to another database or decodes with another plugin.',
    remedy: 'Give the source another `slot`.',
  },
  POSTGRES_SLOT_LOST: {
    retriable: false,
    cause: 'PostgreSQL removed log that the slot still needed (max_slot_wal_keep_size, or the slot was invalidated).',
    remedy:
      'Drop the slot and run "millrace connect forget <name>"; the source then begins with a new snapshot. Raise max_slot_wal_keep_size.',
  },
  POSTGRES_SLOT_MISSING: {
    retriable: false,
    cause: 'A position is stored, but the slot that held the log from there on is gone: changes since then are lost.',
    remedy: 'Run "millrace connect forget <name>"; the source then begins with a new slot and a new snapshot.',
  },
  POSTGRES_SLOT_AHEAD: {
    retriable: false,
    cause: 'The slot has moved beyond the stored position: somebody else read from it, or Kafka lost the position.',
    remedy:
      'Changes in between are not in Kafka. Drop the slot and run "millrace connect forget <name>"; the source then begins with a new snapshot.',
  },
  POSTGRES_RESYNC_DUE: {
    retriable: true,
    cause: 'The replication slot was lost while it was read.',
    remedy: 'Nothing: the source was told to publish its tables anew in that case (`snapshot: when-needed`).',
  },
  POSTGRES_LOG_BUDGET: {
    retriable: false,
    cause: 'The server kept more log for the replication slot than its budget allows, and the slot was dropped.',
    remedy:
      'Find out why nothing was confirmed (Kafka away, a transaction open for long). Then run "millrace connect forget <name>": the source begins with a new snapshot. `snapshot: when-needed` does that by itself.',
  },
  POSTGRES_VERSION: {
    retriable: false,
    cause: 'The server is older than what capture can read.',
    remedy: 'Use PostgreSQL 14 or newer.',
  },
  POSTGRES_SLOT_TOO_OLD: {
    retriable: false,
    cause: 'The slot was created long before the first start, and too many rows are both in the outbox and in its log.',
    remedy: 'Drop the slot (its rows are still in the outbox), so that the source creates a new one.',
  },
  POSTGRES_SNAPSHOT_TOO_LONG: {
    retriable: false,
    cause: 'An initial snapshot that is one Kafka transaction takes longer than brokers allow.',
    remedy:
      'Lower the limit `snapshotTransactionMaxBytes`, so that tables are read in parts; tables without primary key cannot be and need one (or an index as replica identity).',
  },
  POSTGRES_SLOTS_EXHAUSTED: {
    retriable: false,
    cause: 'All replication slots or WAL senders of the server are in use.',
    remedy: 'Drop slots that nobody reads, or raise max_replication_slots and max_wal_senders.',
  },
  POSTGRES_OTHER_SERVER: {
    retriable: false,
    cause: 'The stored position comes from another server, or from a later state of this one (it was restored).',
    remedy: 'Drop the slot and run "millrace connect forget <name>"; the source then begins with a new snapshot.',
  },
  POSTGRES_STREAM_INVALID: {
    retriable: false,
    cause: 'The server sent a replication message that this version does not understand.',
    remedy: 'Report it with the version of PostgreSQL.',
  },
  POSTGRES_VALUE_INVALID: {
    retriable: false,
    cause: 'A captured value has no form in the schema of its column: NaN as a precise decimal, an array of arrays.',
    remedy:
      'Choose another form (decimal.handling.mode=string), leave the column out, or let null stand for such values with event.converting.failure.handling.mode=warn.',
  },
  POSTGRES_TRUNCATED: {
    retriable: false,
    cause: 'A captured table was truncated, and records of the row format cannot say so.',
    remedy: "Set `truncate: 'skip'` to go on without, or capture the table with `format: 'debezium'`.",
  },
  POSTGRES_TEXT_INVALID: {
    retriable: false,
    cause:
      'A text is not valid in its encoding: one that the database holds (with the encoding SQL_ASCII it takes any bytes), or one that is to be written (with the character 0).',
    remedy:
      'Correct the rows to valid UTF-8. The log still has the old ones: drop the slot and run "millrace connect forget <name>" to begin with a new snapshot; `snapshot: when-needed` does that by itself.',
  },
  POSTGRES_STATEMENT_FAILED: {
    retriable: false,
    cause: 'The database refused a statement of the connector for a reason that does not pass by itself.',
    remedy: "Read the database's message; usually a right or a column is missing.",
  },
  CONNECT_TABLE_MISMATCH: {
    retriable: false,
    cause: 'The target table and what the sink has to write do not fit together.',
    remedy: 'Alter the table or the `columns` of the sink as the message says, or let the sink add columns (`evolve`).',
  },
  CONNECT_TABLE_DROPPED: {
    retriable: false,
    cause: 'A table that a sink has written is gone: a new one would lack everything that the sink wrote before.',
    remedy:
      "Restore the table; or to fill a new one from the topic's beginning, delete the connector's rows in millrace_sink_tables and millrace_sink_offsets; without those in millrace_sink_offsets deleted it goes on in an empty table.",
  },
  CONNECT_FILES_OF_OTHER_TOPIC: {
    retriable: false,
    cause:
      'The topic was deleted and made anew since the file sink wrote its files: its offsets begin again, and going on behind the old ones would leave records out.',
    remedy: 'Move the folder of the partition elsewhere; the sink then writes the new topic from its beginning.',
  },
  CONNECT_BATCH_FORGOTTEN: {
    retriable: false,
    cause:
      'A batch was begun, nobody knows whether ClickHouse has it, and its table has taken more inserts since than it remembers: inserted again it might be there twice.',
    remedy:
      "Look whether the table has the rows of these offsets. Then, with its connector, topic_id and partition, insert a row into millrace_sink_offsets like the newest (greatest epoch, then sequence) with the next sequence, begun_first and begun_next -1, begun_at '' and next_offset: the first offset where the rows are missing, the one after the last where they are there. A greater non_replicated_deduplication_window prevents it.",
  },
  DATABASE_DRIVER_MISSING: {
    retriable: false,
    cause: 'A package that the connector needs for its database is not installed.',
    remedy: 'Install the package that the message names beside millrace.',
  },
  DATABASE_UNAVAILABLE: {
    retriable: true,
    cause: 'The database does not answer, is starting or stopping, is locked, or has run out of a resource.',
    remedy: 'Nothing, if it comes back; otherwise check address, server and disk. The connector goes on where it was.',
  },
  DATABASE_ACCESS_DENIED: {
    retriable: false,
    cause: 'The database refuses the user, its password, the database name, or the path of the file.',
    remedy: 'Correct the url, or grant the right that the message names.',
  },
  DATABASE_STATEMENT_FAILED: {
    retriable: false,
    cause: 'The database refused a statement of the connector for a reason that does not pass by itself.',
    remedy: "Read the database's message; usually a right or a column is missing.",
  },
  CONNECT_TABLE_MISSING: {
    retriable: true,
    cause: 'The outbox table that a source was asked to poll does not exist yet.',
    remedy: "Run the service's migrations; the source goes on by itself once the table exists.",
  },
  CONNECT_COLUMN_MISSING: {
    retriable: false,
    cause: 'The outbox table has not the columns that polling needs.',
    remedy:
      'Create it with `outboxMigration()`, or add the columns; `position` is a number that the database counts up.',
  },
  CONNECT_OUTBOX_NOT_KEPT: {
    retriable: false,
    cause: 'A trigger deletes the rows of the outbox as captured, and the source polls the table instead of the log.',
    remedy: 'Capture the outbox from the log, or create the table with `outboxMigration({ keepRows: true })`.',
  },
  CONNECT_OUTBOX_NOT_REMOVED: {
    retriable: false,
    cause: 'Rows of the outbox were published and deleted, and are still there: they would be published for ever.',
    remedy:
      'Look for what keeps them: a rule or trigger on DELETE (a soft delete), or row security that hides them from DELETE. Once it is gone the source deletes them first; or let rows stay with `removal: { afterMs }`, on PostgreSQL.',
  },
  CONNECT_OTHER_DATABASE: {
    retriable: false,
    cause: 'The stored position comes from another database, or from a later state of this one (it was restored).',
    remedy: 'Run "millrace connect forget <name>"; the source then publishes all rows that are in the table.',
  },
  CONNECT_EVENT_INVALID: {
    retriable: false,
    cause: 'What was written as an event is not one: its JSON or one of its fields is not what it has to be.',
    remedy: 'Correct the writer; for a message in PostgreSQL’s log, advance the slot beyond it or begin anew.',
  },
  CONNECT_SINK_FENCED: {
    retriable: true,
    cause: 'Another instance has been assigned the partition and writes it now.',
    remedy: 'Nothing: this instance has written nothing and rejoins its group.',
  },
} as const satisfies ErrorTable

export const connectError = errorFactory(connectErrors)
