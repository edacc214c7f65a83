const captured =
  'io.debezium.connector.postgresql.PostgresConnector captures tables of PostgreSQL, and of no other database'
const polled = `${captured}; dev.millrace.connect.PollingOutboxConnector polls an outbox of PostgreSQL, MySQL, MariaDB or SQLite`
const json = 'JsonConverter with schemas.enable=true carries the same data'

/** Classes that configs often name and that are not here, by their last part, with what there is instead. */
const instead: Readonly<Record<string, string>> = {
  JdbcSourceConnector: polled,
  MySqlConnector: polled,
  MariaDbConnector: polled,
  SqlServerConnector: captured,
  OracleConnector: captured,
  MongoDbConnector: captured,
  AvroConverter: json,
  ProtobufConverter: json,
  JsonSchemaConverter: json,
}

/** What to use in the place of a class; undefined where nothing is known about it. */
export function insteadOf(className: string): string | undefined {
  const short = className.slice(className.lastIndexOf('.') + 1)
  return Object.hasOwn(instead, short) ? instead[short] : undefined
}
