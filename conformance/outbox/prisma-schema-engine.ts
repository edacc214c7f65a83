// Prisma's schema engine as WebAssembly, from npm: the commands behind `prisma migrate dev`. The program itself comes from a server of
// Prisma's own.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

interface MigrationList {
  readonly baseDir: string
  readonly lockfile: { readonly path: string; readonly content: string | null }
  readonly shadowDbInitScript: string
  readonly migrationDirectories: readonly {
    readonly path: string
    readonly migrationFile: { readonly path: string; readonly content: { readonly tag: 'ok'; readonly value: string } }
  }[]
}

interface Schemas {
  readonly files: readonly { readonly path: string; readonly content: string }[]
}

const filters = { externalTables: [], externalEnums: [] }

interface SchemaEngine {
  applyMigrations(input: object): Promise<{ readonly appliedMigrationNames: readonly string[] }>
  devDiagnostic(input: object): Promise<{ readonly action: unknown }>
  createMigration(
    input: object,
  ): Promise<{ readonly migrationScript: string | null; readonly generatedMigrationName: string | null }>
  schemaPush(input: object): Promise<{ readonly executedSteps: number; readonly unexecutable: readonly string[] }>
}

/** What `prisma migrate dev` and `prisma db push` do, without the program around it. */
export interface PrismaMigrate {
  /** Applies the project's migrations; their names. */
  apply(): Promise<readonly string[]>
  /** What the tool would do before anything else: `createMigration`, or `reset` with a reason. */
  diagnose(): Promise<unknown>
  /** The SQL of the migration that it would create next; undefined where the schema and the migrations agree. */
  next(): Promise<string | undefined>
  /** How many changes `prisma db push` makes. */
  push(): Promise<number>
  close(): Promise<void>
}

/** The database that the engine migrates. */
export interface EngineDatabase {
  readonly url: string
  /** A driver adapter of Prisma. */
  factory(url: string): AdapterFactory
  /** Runs statements on PostgreSQL as the engine's own program does, all in one message. */
  script(url: string, sql: string): Promise<unknown>
  /** An empty database, in which migrations are tried out. */
  shadow(): Promise<string>
}

interface AdapterFactory {
  readonly provider: string
  readonly adapterName: string
  connect(): Promise<Adapter>
}

interface Adapter {
  queryRaw(query: object): Promise<ResultSet>
  executeRaw(query: Statement): Promise<number>
  performIO(query: object): Promise<{ readonly fields: { dataTypeID: number }[] }>
  executeScript(sql: string): Promise<void>
  dispose(): Promise<void>
}

interface Statement {
  readonly sql: string
  readonly args: readonly unknown[]
  readonly argTypes: readonly unknown[]
}

interface ResultSet {
  readonly columnTypes: number[]
}

export async function prismaMigrate(folder: string, database: EngineDatabase): Promise<PrismaMigrate> {
  const { SchemaEngine, bind } = await load(join(folder, 'node_modules'))
  const { provider, adapterName } = database.factory(database.url)
  const adapters: Adapter[] = []
  const open = async (url: string): Promise<Adapter> => {
    const adapter = await connect(database, url)
    adapters.push(adapter)
    return adapter
  }
  const adapter = {
    provider,
    adapterName,
    connect: () => open(database.url),
    connectToShadowDb: async () => open(await database.shadow()),
  }
  const path = join(folder, 'prisma/schema.prisma')
  const schemas = (): Schemas => ({ files: [{ path, content: readFileSync(path, 'utf8') }] })
  const datamodels = schemas().files.map((file) => [file.path, file.content])
  const made = await SchemaEngine.new({ datamodels }, () => {}, bind(adapter))
  const list = (): MigrationList => migrationsOf(join(folder, 'prisma/migrations'))
  return {
    apply: async () => (await made.applyMigrations({ migrationsList: list(), filters })).appliedMigrationNames,
    diagnose: async () => (await made.devDiagnostic({ migrationsList: list(), filters })).action,
    async next() {
      const input = { draft: false, migrationName: 'next', migrationsList: list(), schema: schemas(), filters }
      return (await made.createMigration(input)).migrationScript ?? undefined
    },
    push: async () => (await made.schemaPush({ force: false, schema: schemas(), filters })).executedSteps,
    async close() {
      await Promise.all(adapters.map((each) => each.dispose().catch(() => {})))
    },
  }
}

interface EngineModule {
  readonly SchemaEngine: { new: (options: object, log: () => void, adapter: object) => Promise<SchemaEngine> }
  __wbg_set_wasm(exports: object): void
}

/** What is used of it; Node has it and its types do not. */
declare const WebAssembly: {
  instantiate(
    code: Uint8Array,
    imports: object,
  ): Promise<{ readonly instance: { readonly exports: { __wbindgen_start(): void } } }>
}

type Bind = (adapter: object) => object

/** Its JavaScript belongs to one instance of its code, so that it is loaded once. */
let engine: Promise<{ readonly SchemaEngine: EngineModule['SchemaEngine']; readonly bind: Bind }> | undefined

function load(modules: string): NonNullable<typeof engine> {
  engine ??= loadOnce(modules)
  return engine
}

async function loadOnce(modules: string): NonNullable<typeof engine> {
  const wasm = join(modules, '@prisma/schema-engine-wasm')
  const glue = (await import(join(wasm, 'schema_engine_bg.js'))) as EngineModule
  const utils = (await import(join(modules, '@prisma/driver-adapter-utils/dist/index.mjs'))) as {
    bindMigrationAwareSqlAdapterFactory: Bind
  }
  const { instance } = await WebAssembly.instantiate(readFileSync(join(wasm, 'schema_engine_bg.wasm')), {
    './schema_engine_bg.js': withoutWaiting({ ...glue }),
  })
  glue.__wbg_set_wasm(instance.exports)
  const { __wbindgen_start: start } = instance.exports
  start()
  return { SchemaEngine: glue.SchemaEngine, bind: utils.bindMigrationAwareSqlAdapterFactory }
}

/** Its timers, of a minute, do not keep a process from ending. */
function withoutWaiting(imports: object): object {
  const name = Object.keys(imports).find((each) => each.startsWith('__wbg_setTimeout_'))
  const later = (work: () => void, ms: number): NodeJS.Timeout => setTimeout(work, ms >>> 0).unref()
  return { ...imports, ...(name !== undefined && { [name]: later }) }
}

/** An adapter as the engine needs one. */
async function connect({ factory, script }: EngineDatabase, url: string): Promise<Adapter> {
  const made = factory(url)
  const adapter = await made.connect()
  return made.provider === 'sqlite' ? withScripts(adapter) : withChars(adapter, (sql) => script(url, sql))
}

/** The adapter for SQLite runs the first statement of a script. No statement of ours has a semicolon within. */
function withScripts(adapter: Adapter): Adapter {
  const executeRaw = adapter.executeRaw.bind(adapter)
  const run = async (sql: string): Promise<void> => {
    for (const part of sql.split(';')) if (part.trim() !== '') await executeRaw({ sql: part, args: [], argTypes: [] })
  }
  adapter.executeScript = run
  adapter.executeRaw = async (query) => (query.args.length > 0 ? executeRaw(query) : run(query.sql).then(() => 0))
  return adapter
}

/**
 * The adapter for PostgreSQL splits scripts at semicolons, also inside of functions, and knows no type `"char"`, of which the catalog is
 * full.
 */
function withChars(adapter: Adapter, script: (sql: string) => Promise<unknown>): Adapter {
  adapter.executeScript = async (sql) => void (await script(sql))
  const { queryRaw, performIO } = adapter
  adapter.queryRaw = async (query) => {
    let isChar: boolean[] = []
    const asText = async (io: object): ReturnType<typeof performIO> => {
      const result = await performIO.call(adapter, io)
      isChar = result.fields.map((field) => field.dataTypeID === charOid)
      for (const field of result.fields) if (field.dataTypeID === charOid) field.dataTypeID = textOid
      return result
    }
    const result = await queryRaw.call(Object.create(adapter, { performIO: { value: asText } }), query)
    return { ...result, columnTypes: result.columnTypes.map((type, i) => (isChar[i] ? characterColumn : type)) }
  }
  return adapter
}

const charOid = 18
const textOid = 25
/** `ColumnTypeEnum.Character` of driver-adapter-utils. */
const characterColumn = 6

function migrationsOf(baseDir: string): MigrationList {
  const names = readdirSync(baseDir)
    .filter((name) => !name.includes('.'))
    .sort()
  const lock = 'migration_lock.toml'
  return {
    baseDir,
    lockfile: { path: lock, content: readFileSync(join(baseDir, lock), 'utf8') },
    shadowDbInitScript: '',
    migrationDirectories: names.map((name) => {
      const value = readFileSync(join(baseDir, name, 'migration.sql'), 'utf8')
      return { path: name, migrationFile: { path: 'migration.sql', content: { tag: 'ok', value } } }
    }),
  }
}
