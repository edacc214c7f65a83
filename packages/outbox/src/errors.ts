import { type ErrorTable, errorFactory } from '@millrace/base'

export const outboxErrors = {
  OUTBOX_NOT_A_TRANSACTION: {
    retriable: false,
    cause:
      'The outbox or inbox was given a database handle on which no transaction is open, so its row and yours would not be committed together.',
    remedy:
      'Take one client from the pool, await `begin` on it, and pass that client; or pass what your tool hands to the function that it runs in a transaction.',
  },
  OUTBOX_KEY_NOT_TEXT: {
    retriable: false,
    cause: 'The key of a message has no textual form, and the column `aggregateid` holds text.',
    remedy: 'Give the topic a key that serialises to UTF-8 text without NUL, such as serdes.string or a schema.',
  },
  OUTBOX_INVALID_HEADER: {
    retriable: false,
    cause: 'A header of a message is not text, holds NUL, or has a name that Millrace sets itself.',
    remedy: 'Correct the header that the message names.',
  },
  OUTBOX_TABLE_MISSING: {
    retriable: false,
    cause: 'The database has no such outbox or inbox table.',
    remedy: 'Run the SQL of `outboxMigration()` or `inboxMigration()` as one of the service’s migrations.',
  },
  OUTBOX_TOO_LONG: {
    retriable: false,
    cause: 'The key or the type of a message does not fit its column.',
    remedy: 'Shorten it: a key has up to 65,535 bytes in MySQL, a type 255 characters.',
  },
  OUTBOX_NOT_CAPTURED: {
    retriable: false,
    cause:
      'A message was to go into the log of a database that no replication slot captures, where nobody would find it.',
    remedy:
      'Start the source that captures the database first, name its `slot`, or write to a table, which keeps messages.',
  },
  OUTBOX_TRANSACTION_LOST: {
    retriable: false,
    cause: 'The transaction of a handler was rolled back before its end: a statement failed, and the handler went on.',
    remedy: 'Let the errors of statements out of the handler, which is then tried again.',
  },
  OUTBOX_DIALECT_UNKNOWN: {
    retriable: false,
    cause: 'The database client works on a database that has no outbox and inbox here, or does not tell which it is.',
    remedy: 'Use PostgreSQL, MySQL, MariaDB or SQLite; where the client does not tell, give the option `dialect`.',
  },
} as const satisfies ErrorTable

export const outboxError = errorFactory(outboxErrors)
