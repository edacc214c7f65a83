import { Command, InvalidArgumentError, Option } from 'commander'
import { settingTable } from '../config/settings.ts'
import { withSettingFlags } from './setting-flags.ts'

function port(value: string): string {
  const number = Number(value)
  if (!Number.isInteger(number) || number < 0 || number > 65535) throw new InvalidArgumentError('a port is 0 to 65535')
  return value
}

function collect(value: string, previous: readonly string[] = []): string[] {
  return [...previous, value]
}

const withSettings = (command: Command): Command => withSettingFlags(command, settingTable)

function brokerCommand(): Command {
  return new Command('broker')
    .description('the embedded Kafka-compatible broker alone')
    .option('--port <n>', 'port to listen on, 0 for a free one (default: 9092)', port)
    .option('--host <address>', 'address to listen on (default: 127.0.0.1)')
    .option('--allow-remote', 'listen beyond loopback without authentication, or where passwords can be read')
    .option('--take-over-from <host>', 'take the data folder over from a host or container that is gone for certain')
    .addOption(new Option('--data <dir>', 'folder of the log').conflicts('memory'))
    .option('--memory', 'keep everything in memory, the default without --data')
    .addOption(
      new Option('--durability <policy>', 'write survives a killed process, fsync survives power loss')
        .choices(['write', 'fsync'])
        .default('write'),
    )
    .option('--config <name=value>', 'a broker setting by its Kafka name; may be repeated', collect)
    .option('--config-file <file>', "broker settings in the form of Kafka's server.properties")
    .option('--user <name=password>', 'a user of listeners with SASL; may be repeated', collect)
    .option('--super-user <name>', 'switches ACLs on; none applies to this user; may be repeated', collect)
    .option('--users-file <file>', 'users, a line name=password each; keeps passwords off the command line')
    .action(async (flags) => (await import('./commands/broker.ts')).brokerCommand(flags))
}

function runCommand(): Command {
  return withSettings(
    new Command('run')
      .description('the sources, streams applications, sinks and gateway of a configuration, against Kafka')
      .argument('[config]', "path of the configuration, or of a Kafka Connect worker's or connector's properties")
      .argument('[connectors...]', 'beside properties: files of connectors, as properties or JSON')
      .option('--only <part>', 'sources, apps, sinks or connect; may be repeated', collect)
      // How "millrace dev" starts its child: `.env` is read anew with every start, and its own broker asks for no login.
      .addOption(new Option('--dotenv').hideHelp())
      .addOption(new Option('--own-broker').hideHelp()),
  ).action(async (path, more, flags) => (await import('./commands/run.ts')).runCommand(path, flags, more))
}

function devCommand(): Command {
  return withSettings(
    new Command('dev')
      .description('everything in one process tree on an embedded broker, started again when files change')
      .argument('[config]', 'path of the configuration')
      .option('--port <n>', 'port of the embedded broker', port, '9092')
      .option('--no-watch', 'do not watch for changes'),
  ).action(async (path, flags) => (await import('./commands/dev.ts')).devCommand(path, flags))
}

function initCommand(): Command {
  return new Command('init')
    .description('adds a configuration, a contract, an application and the outbox migration; overwrites nothing')
    .option(
      '--tool <name>',
      'form of the migration: sql, prisma, drizzle, typeorm, knex or kysely; default: what the project has',
    )
    .option('--dialect <name>', 'postgres, mysql or sqlite; default: what the project has')
    .option('--no-install', 'do not install what the files need')
    .action(async (flags) => (await import('./commands/init.ts')).initCommand(flags))
}

function migrateCommand(): Command {
  return new Command('migrate')
    .description('creates the outbox and inbox tables in a database, where they are missing')
    .option(
      '--url <url>',
      'database to migrate, postgres://…, mysql://… or sqlite:path; default: DATABASE_URL, from the environment or .env here',
    )
    .option('--print', 'print the statements instead of running them')
    .action(async (flags) => (await import('./commands/migrate.ts')).migrateCommand(flags))
}

function configCommand(): Command {
  return withSettings(
    new Command('config')
      .description('the settings in effect')
      .argument('[config]', 'path of the configuration')
      .option('--show', 'print every value with its origin, secrets masked')
      .option('--json', 'print JSON'),
  ).action(async (path, flags) => (await import('./commands/config.ts')).configCommand(path, flags))
}

function doctorCommand(): Command {
  return withSettings(
    new Command('doctor')
      .description('checks brokers, databases and topics, and says what to do')
      .argument('[config]', "path of the configuration, or of a Kafka Connect worker's or connector's properties")
      .argument('[connectors...]', 'beside properties: files of connectors, as properties or JSON')
      .option('--json', 'print JSON'),
  ).action(async (path, more, flags) => (await import('./commands/doctor.ts')).doctorCommand(path, flags, more))
}

/** Commands that start or prepare something. */
export function runtimeCommands(): Command[] {
  return [
    initCommand(),
    migrateCommand(),
    devCommand(),
    brokerCommand(),
    runCommand(),
    configCommand(),
    doctorCommand(),
  ]
}
