import { registerPollingTests } from './support/polling-suite.ts'
import { sqliteService } from './support/sqlite-service.ts'

registerPollingTests('polling SQLite', sqliteService, { isConcurrent: false, deletes: true })
