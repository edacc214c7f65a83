import type { Client } from 'pg'
import { tableText } from '../../postgres/identifiers.ts'
import { reportNotice } from '../../runtime/diagnostics.ts'
import type { CapturedTable } from './capture.ts'

interface Partition {
  readonly oid: number
  readonly name: string
  readonly root: number
  /** Another after TRUNCATE, VACUUM FULL and CLUSTER. */
  readonly file: number
  readonly bytes: number
}

const query = `
  select t.relid::oid::int8::float8 as oid, n.nspname || '.' || c.relname as name, root.oid::int8::float8 as root,
         pg_relation_filenode(c.oid)::int8::float8 as file, pg_relation_size(c.oid)::float8 as bytes
    from unnest($1::oid[]) as root (oid), pg_partition_tree(root.oid) t
    join pg_class c on c.oid = t.relid join pg_namespace n on n.oid = c.relnamespace
   where t.isleaf and c.relkind = 'r'`

/**
 * What happens to a partition as a whole is in no stream: its rows come under the name of the table above it, and PostgreSQL
 * sends neither TRUNCATE of a partition nor that one came or went. Nothing brings those changes, so that somebody has to be told.
 */
export class PartitionWatch {
  readonly #connector: string
  readonly #tables: ReadonlyMap<number, string>
  #known: ReadonlyMap<number, Partition> | undefined

  constructor(connector: string, tables: readonly CapturedTable[]) {
    this.#connector = connector
    const partitioned = tables.filter((table) => table.isPartitioned)
    this.#tables = new Map(partitioned.map(({ relation }) => [relation.oid, tableText(relation)]))
  }

  /** To be called again and again; tells what has changed since. */
  async look(client: Client): Promise<void> {
    if (this.#tables.size === 0) return
    const { rows } = await client.query<Partition>(query, [[...this.#tables.keys()]])
    const found = new Map(rows.map((row) => [row.oid, row]))
    const known = this.#known
    this.#known = found
    if (!known) return
    for (const partition of known.values()) {
      const now = found.get(partition.oid)
      if (!now && partition.bytes > 0) this.#tell(partition, 'was detached or dropped: its rows stay in the topics')
      if (now && now.file !== partition.file && now.bytes < partition.bytes) {
        this.#tell(partition, 'was truncated or rewritten: after TRUNCATE its rows stay in the topics')
      }
    }
    for (const partition of found.values()) {
      if (known.has(partition.oid) || partition.bytes === 0) continue
      this.#tell(partition, 'is new: rows that it had before are not published, a snapshot on command reads them')
    }
  }

  #tell({ name, root }: Partition, what: string): void {
    reportNotice(this.#connector, `partition ${name} of ${this.#tables.get(root)} ${what}`)
  }
}
