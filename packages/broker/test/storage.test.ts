import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { seededRandom } from '@millrace/base'
import { memoryStorage } from '../src/core/storage/memory-storage.ts'
import { simulatedStorage } from '../src/core/storage/simulated-storage.ts'
import { diskStorage } from '../src/storage/disk-storage.ts'
import { registerStorageTests } from './support/storage-suite.ts'

registerStorageTests('memory', () => ({ storage: memoryStorage(), dispose: () => {} }))
registerStorageTests('simulated', () => ({ storage: simulatedStorage({ random: seededRandom(1) }), dispose: () => {} }))
registerStorageTests('disk', () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-storage-'))
  return { storage: diskStorage(folder), dispose: () => rmSync(folder, { recursive: true }) }
})
