import { connectError } from '../../errors.ts'
import type { DecodedRecord } from '../record-decoder.ts'
import {
  type ExistingTable,
  quotedTable,
  type SqlConnection,
  type TableDialect,
  type TableName,
  tableText,
} from './dialect.ts'
import type { Mutation } from './mutation.ts'
import { keyFields, plainField, valueFields } from './record-fields.ts'
import { SchemaIds } from './schema-ids.ts'
import type { SqlSinkSettings } from './settings.ts'
import { checkUniqueKey, mismatch, planColumns, type RecordField, type TablePlan, type Wanting } from './table-plan.ts'

interface TableState {
  readonly table: TableName
  existing: ExistingTable | undefined
  /** For records without schemas. */
  plain: TablePlan | undefined
  /** By the ids of the key's and the value's schema. */
  readonly bySchema: Map<string, TablePlan>
  /** Fields that records without schemas have had, with a first value. */
  readonly seen: Map<string, unknown>
}

/** The plans of a sink's tables: read, made or extended as records ask for it. */
export class TablePlans {
  readonly #dialect: TableDialect
  readonly #settings: SqlSinkSettings
  readonly #tables = new Map<string, TableState>()
  readonly #ids = new SchemaIds()
  #work: Promise<unknown> = Promise.resolve()

  constructor(dialect: TableDialect, settings: SqlSinkSettings) {
    this.#dialect = dialect
    this.#settings = settings
  }

  /** The plan for a record, unless the database has to be asked first. */
  lookup(text: string, record: DecodedRecord, mutation: Mutation): TablePlan | undefined {
    const state = this.#tables.get(text)
    if (!state) return undefined
    if (mutation.kind === 'truncate') return withoutColumns(state)
    if (!state.existing) return mutation.kind === 'write' ? undefined : withoutColumns(state)
    if (isSchemaless(record, mutation)) return state.plain
    return state.bySchema.get(this.#idOf(record, mutation))
  }

  /** Tables are read anew before they are written: someone may have altered them. */
  forget(): void {
    for (const state of this.#tables.values()) {
      state.plain = undefined
      state.bySchema.clear()
    }
  }

  /** Finds before the first record what stands in the way of all of them. @throws CONNECT_TABLE_MISMATCH, CONNECT_TABLE_DROPPED */
  async check(connection: SqlConnection, isWritten: (table: string) => boolean): Promise<void> {
    const { table: text, columns, key, mode, columnName } = this.#settings
    if (text === undefined) return
    const table = this.#dialect.parseTable(text)
    const existing = await this.#dialect.readTable(connection, table)
    if (!existing) {
      if (isWritten(tableText(table))) throw dropped(table)
      return
    }
    const have = new Set(existing.columns.map(({ name }) => this.#dialect.fold(name)))
    const wanted = [...key.columns.map(columnName), ...Object.keys(columns ?? {})]
    const missing = wanted.filter((name) => !have.has(this.#dialect.fold(name)))
    if (missing.length > 0 && !this.#settings.evolves) {
      throw mismatch(table, `has no column ${missing.map((name) => this.#dialect.quote(name)).join(', ')}`)
    }
    if (mode !== 'upsert' || key.columns.length === 0) return
    checkUniqueKey(
      this.#dialect,
      { table, existing },
      key.columns.map((name) => ({ name: columnName(name) })),
    )
  }

  /** Sees to it that there is a plan for the record. `isWritten` says whether the sink has written to a table before. */
  prepare(
    wanting: Wanting,
    connect: () => Promise<SqlConnection>,
    isWritten: (table: string) => boolean,
  ): Promise<void> {
    // One after the other: partitions that find the same new field add it once.
    const work = this.#work.then(async () => {
      const connection = await connect()
      let isBroken = true
      try {
        await this.#prepare(connection, wanting, isWritten)
        isBroken = false
      } finally {
        connection.release(isBroken)
      }
    })
    this.#work = work.catch(() => {})
    return work
  }

  async #prepare(connection: SqlConnection, wanting: Wanting, isWritten: (table: string) => boolean): Promise<void> {
    const { tableText: text, record, mutation } = wanting
    const state = this.#tables.get(text) ?? this.#newState(text)
    // Read anew each time: a migration may have brought what a record needs.
    state.existing = await this.#dialect.readTable(connection, state.table)
    if (!state.existing && isWritten(tableText(state.table))) throw dropped(state.table)
    this.#tables.set(text, state)
    if (mutation.kind === 'truncate' || (!state.existing && mutation.kind !== 'write')) return
    const schemaless = isSchemaless(record, mutation)
    if (schemaless && mutation.kind === 'write' && isObject(mutation.value)) {
      for (const [name, value] of Object.entries(mutation.value)) {
        if (state.seen.get(name) === undefined || state.seen.get(name) === null) state.seen.set(name, value)
      }
    }
    const fields = await this.#fields(connection, state, wanting)
    const plan = planColumns(this.#dialect, this.#settings, { table: state.table, existing: state.existing! }, fields)
    if (!schemaless) {
      state.bySchema.set(this.#idOf(record, mutation), plan)
      return
    }
    state.plain = this.#settings.columns
      ? plan
      : { ...plan, knownFields: new Set(this.#knownFields(state, fields, record.topic)) }
  }

  /** The columns to write, after whatever has to be made for them has been made. */
  async #fields(connection: SqlConnection, state: TableState, wanting: Wanting): Promise<RecordField[]> {
    const settings = this.#settings
    const keys = keyFields(settings, wanting)
    const keyNames = new Set(keys.map(({ column }) => this.#dialect.fold(column)))
    const others = (fields: readonly RecordField[]): RecordField[] =>
      fields.filter(({ column }) => !keyNames.has(this.#dialect.fold(column)))
    const wanted = wanting.mutation.kind === 'write' ? valueFields(settings, wanting) : []
    if (!state.existing) await this.#create(connection, state, keys, wanted && others(wanted))
    else if (wanted) await this.#extend(connection, state, [...keys, ...others(wanted)])
    if (settings.columns || !isSchemaless(wanting.record, wanting.mutation)) return [...keys, ...others(wanted ?? [])]
    return [...keys, ...others(this.#plainFields(state))]
  }

  /**
   * Records without schemas are written into all columns of the table: a field that is left out is null. Columns that
   * the database fills by itself are written once a record has had them.
   */
  #plainFields(state: TableState): RecordField[] {
    const { fold } = this.#dialect
    const settings = this.#settings
    const byColumn = new Map([...state.seen.keys()].map((name) => [fold(settings.columnName(name)), name]))
    return state
      .existing!.columns.filter(({ name, hasDefault }) => !hasDefault || byColumn.has(fold(name)))
      .map(({ name }) => ({
        ...plainField(settings, byColumn.get(fold(name)) ?? name, undefined, undefined),
        column: name,
      }))
  }

  #knownFields(state: TableState, fields: readonly RecordField[], topic: string): string[] {
    const excluded = [...state.seen.keys()].filter((name) => !this.#settings.isIncluded(topic, name))
    const columns = new Set(fields.map(({ column }) => this.#dialect.fold(column)))
    const seen = [...state.seen.keys()].filter((name) =>
      columns.has(this.#dialect.fold(this.#settings.columnName(name))),
    )
    return [...excluded, ...seen, ...fields.map(({ column }) => column)]
  }

  async #create(
    connection: SqlConnection,
    state: TableState,
    keys: readonly RecordField[],
    others: readonly RecordField[] | undefined,
  ): Promise<void> {
    const { table } = state
    if (!this.#settings.creates) throw mismatch(table, 'does not exist, and the sink is not to create it')
    if (!others)
      throw mismatch(table, 'does not exist, and the values are no objects to make columns of; give `columns`')
    const dialect = this.#dialect
    const fields = [...keys, ...others]
    if (fields.length === 0) throw mismatch(table, 'does not exist, and the record has no fields to make columns of')
    const definitions = fields.map((field) => this.#definition(field))
    const primaryKey = this.#settings.hasPrimaryKey ? keys.map(({ column }) => dialect.quote(column)) : []
    await this.#making(() => connection.query(dialect.createStatement(table, definitions, primaryKey)))
    state.existing = await dialect.readTable(connection, table)
    if (!state.existing) throw mismatch(table, 'was created and cannot be seen')
  }

  async #extend(connection: SqlConnection, state: TableState, wanted: readonly RecordField[]): Promise<void> {
    const dialect = this.#dialect
    const { table } = state
    const have = new Set(state.existing!.columns.map(({ name }) => dialect.fold(name)))
    const missing = wanted.filter(({ column }) => !have.has(dialect.fold(column)))
    const [first] = missing
    if (!first) return
    if (!this.#settings.evolves) throw mismatch(table, `has no column for the field "${first.column}"`)
    for (const field of missing) {
      if (field.isKey) throw mismatch(table, `has no column ${dialect.quote(field.column)}, which is part of the key`)
      if (field.schema && field.schema.optional !== true && field.schema.default === undefined) {
        throw mismatch(
          table,
          `has no column for the field "${field.column}", and none can be added: the field is neither optional nor has it a default, and rows that are there have no value for it`,
        )
      }
      await this.#making(() =>
        connection.query(`alter table ${quotedTable(dialect, table)} add column ${this.#definition(field)}`),
      )
    }
    state.existing = await dialect.readTable(connection, table)
    // Of before: they neither know the column nor would they fill it.
    state.bySchema.clear()
    state.plain = undefined
  }

  /** Another instance may be making the same thing at the same moment. */
  async #making(work: () => Promise<unknown>): Promise<void> {
    try {
      await work()
    } catch (error) {
      if (!this.#dialect.isAlreadyThere(error)) throw error
    }
  }

  #definition({ column, type, schema, sample, isKey }: RecordField): string {
    const dialect = this.#dialect
    const inPrimaryKey = isKey && this.#settings.hasPrimaryKey
    const chosen = type ?? (schema ? dialect.columnType(schema, isKey) : dialect.inferredType(sample, isKey))
    const hasDefault = schema?.default !== undefined && schema.default !== null && !inPrimaryKey
    return dialect.columnDefinition({
      name: column,
      type: chosen,
      isKey,
      isRequired: inPrimaryKey || (schema !== undefined && schema.optional !== true),
      default: hasDefault ? dialect.defaultLiteral(schema, chosen) : undefined,
    })
  }

  #idOf(record: DecodedRecord, mutation: Mutation): string {
    return `${mutation.kind === 'write'}/${this.#ids.of(record.keySchema)}/${this.#ids.of(mutation.schema)}`
  }

  #newState(text: string): TableState {
    const table = this.#dialect.parseTable(text)
    return { table, existing: undefined, plain: undefined, bySchema: new Map(), seen: new Map() }
  }
}

function withoutColumns({ table, existing }: TableState): TablePlan {
  const exists = existing !== undefined
  return { table, exists, columns: [], keyColumns: [], knownFields: undefined, writer: undefined }
}

/** A tombstone has no schema to go by: beside records with schemas its key has one. */
function isSchemaless(record: DecodedRecord, mutation: Mutation): boolean {
  return mutation.schema === undefined && (mutation.kind === 'write' || record.keySchema === undefined)
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

function dropped(table: TableName): Error {
  const text = tableText(table)
  return connectError('CONNECT_TABLE_DROPPED', `table ${text} is gone, and the sink has written to it before`, {
    table: text,
  })
}
