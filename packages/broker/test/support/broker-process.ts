// Serves from the folder given until it is killed; prints the port once it listens.
import { startBroker } from '../../src/start-broker.ts'

const [dataDir, durability, config = '{}'] = process.argv.slice(2)
const options = { dataDir: dataDir!, config: JSON.parse(config) as Record<string, string> }
startBroker({ ...options, durability: durability === 'fsync' ? 'fsync' : 'write' }).then(
  (broker) => {
    process.stdout.write(`${broker.port}\n`)
    process.once('SIGTERM', () => void broker.close())
  },
  (error: Error) => {
    process.stderr.write(`${error.message}\n`)
    process.exitCode = 1
  },
)
