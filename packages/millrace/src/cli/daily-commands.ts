import { Command, InvalidArgumentError, Option } from 'commander'
import { count, daily } from './daily-flags.ts'
import { dlqCommand } from './dlq-commands.ts'

function gatewayUrl(): Option {
  return new Option('--url <url>', 'gateway of any instance').default('http://127.0.0.1:8080').env('MILLRACE_URL')
}

function topicsCommand(): Command {
  const load = () => import('./commands/topics.ts')
  return new Command('topics')
    .description('list, describe, create and delete topics')
    .addCommand(
      daily('list', 'topics with their partitions and offsets in use')
        .option('--internal', 'internal topics too')
        .action(async (flags) => (await load()).listTopics(flags)),
    )
    .addCommand(
      daily('describe', 'partitions, offsets and settings of a topic')
        .argument('<topic>')
        .action(async (topic, flags) => (await load()).describeTopic(topic, flags)),
    )
    .addCommand(
      daily('create', 'create a topic')
        .argument('<topic>')
        .option('--partitions <n>', 'number of partitions', count, 1)
        .option('--replication-factor <n>', 'copies; default: the cluster decides', count)
        .option('--config <name=value...>', 'topic settings by their Kafka names')
        .action(async (topic, flags) => (await load()).createTopic(topic, flags)),
    )
    .addCommand(
      daily('delete', 'delete a topic; previews unless --yes')
        .argument('<topic>')
        .option('--yes', 'do it')
        .action(async (topic, flags) => (await load()).deleteTopic(topic, flags)),
    )
}

function produceCommand(): Command {
  return daily(
    'produce',
    'sends lines of standard input to a topic: key, tab, value; nothing behind the tab is a tombstone, no tab a value without key',
  )
    .argument('<topic>')
    .option('--key <text>', 'key for every line; the whole line is the value')
    .option('--separator <text>', 'between key and value', '\t')
    .option('--header <name=value...>', 'headers for every record')
    .action(async (topic, flags) => (await import('./commands/produce.ts')).produceCommand(topic, flags))
}

function consumeCommand(): Command {
  return daily('consume', 'prints the records of a topic')
    .argument('<topic>')
    .option('--from-beginning', 'begin with the oldest record; default: with the next one')
    .option('--max <n>', 'stop after this many records', count)
    .option('--exit-at-end', 'stop at the end instead of waiting for more')
    .option('--uncommitted', 'show records of open and aborted transactions too')
    .action(async (topic, flags) => (await import('./commands/consume.ts')).consumeCommand(topic, flags))
}

function groupsCommand(): Command {
  const load = () => import('./commands/groups.ts')
  return new Command('groups')
    .description('consumer groups and their lag')
    .addCommand(daily('list', 'groups and their state').action(async (flags) => (await load()).listGroups(flags)))
    .addCommand(
      daily('describe', 'members, committed offsets and lag')
        .argument('<group>')
        .action(async (group, flags) => (await load()).describeGroup(group, flags)),
    )
}

function whole(value: string): number {
  const number = Number(value)
  if (value.trim() === '' || !Number.isSafeInteger(number)) throw new InvalidArgumentError('a whole number')
  return number
}

function list(value: string): string[] {
  return value.split(',').map((entry) => entry.trim())
}

/** Flags are named as those of kafka-streams-application-reset. */
function streamsCommand(): Command {
  const load = () => import('./commands/streams.ts')
  return new Command('streams')
    .description('streams applications: what there is of them, and beginning anew')
    .addCommand(
      daily('list', 'applications, their state and members').action(async (flags) =>
        (await load()).listApplications(flags),
      ),
    )
    .addCommand(
      daily('describe', 'members with what they read, internal topics')
        .argument('<application>')
        .action(async (application, flags) => (await load()).describeApplication(application, flags)),
    )
    .addCommand(
      daily('offsets', 'committed offsets and lag')
        .argument('<application>')
        .action(async (application, flags) => (await load()).applicationOffsets(application, flags)),
    )
    .addCommand(
      new Command('topology')
        .description('what all instances that run are doing: tasks with their rates and lags')
        .argument('<application>')
        .addOption(gatewayUrl())
        .option('--json', 'print JSON')
        .action(async (application, flags) =>
          (await import('./commands/topology.ts')).topologyCommand(application, flags),
        ),
    )
    .addCommand(
      daily('reset', 'begin anew: input offsets, internal topics and local state; previews unless --yes')
        .argument('<application>')
        .option('--input-topics <list>', 'topics to read anew; default: those it has read', list)
        .option('--internal-topics <list>', 'internal topics to delete; default: all of them', list)
        .option('--to-earliest', 'from the first record on; the default')
        .option('--to-latest', 'from the end on')
        .option('--to-offset <n>', 'from this offset on', whole)
        .option('--to-datetime <time>', 'from the first record at or after YYYY-MM-DDTHH:mm:ss.sss')
        .option('--by-duration <duration>', 'from the first record of the last PnDTnHnMnS')
        .option('--shift-by <n>', 'so many records on, or back with a minus', whole)
        .option('--from-file <path>', 'offsets as lines of topic,partition,offset')
        .option('--state-dir <path>', 'folder with the local state', '.millrace/state')
        .option('--force', 'remove members that are still in the group, after all instances have stopped')
        .option('--dry-run', 'only show what would be done')
        .option('--yes', 'do it')
        .action(async (application, flags) => (await load()).resetApplication(application, flags)),
    )
}

/** What an ACL is about, and whom. */
function aboutAcls(command: Command): Command {
  return command
    .option('--topic <name>', 'about a topic, * for all')
    .option('--group <name>', 'about a consumer group')
    .option('--transactional-id <id>', 'about a transactional id')
    .option('--cluster', 'about the cluster')
    .option('--prefix', 'the name is the beginning of names')
    .option('--principal <user>', 'User:alice, or alice for short; User:* for everyone')
    .option('--operation <name...>', 'read, write, create, delete, alter, describe, all, ...')
    .option('--host <address>', 'from this address; * for everywhere')
}

function aclsCommand(): Command {
  const load = () => import('./commands/acls.ts')
  return new Command('acls')
    .description('who may do what')
    .addCommand(
      aboutAcls(daily('list', 'ACLs, all or those named'))
        .option('--match', 'all that the named resource comes under, prefixes and * included')
        .option('--deny', 'only what is denied')
        .option('--allow', 'only what is allowed')
        .action(async (flags) => (await load()).listAcls(flags)),
    )
    .addCommand(
      aboutAcls(daily('add', 'allow a principal something, or deny it'))
        .option('--deny', 'deny it: that outweighs all that allows it')
        .action(async (flags) => (await load()).addAcls(flags)),
    )
    .addCommand(
      aboutAcls(daily('remove', 'remove ACLs; previews unless --yes'))
        .option('--deny', 'only what is denied')
        .option('--allow', 'only what is allowed')
        .option('--yes', 'do it')
        .action(async (flags) => (await load()).removeAcls(flags)),
    )
}

function queryCommand(): Command {
  return new Command('query')
    .description('asks a store of a running application')
    .argument('<store>')
    .argument('[key]', 'a key; without one, a range')
    .addOption(gatewayUrl())
    .option('--from <bound>', 'first key of a range; with a key, start of the windows or versions as ISO time or ms')
    .option('--to <bound>', 'end of the range, of the windows or versions')
    .option('--prefix <text>', 'without a key: keys that begin so')
    .option('--reverse', 'backward')
    .option('--as-of <time>', 'versioned stores: as it was then, as ISO time or ms')
    .option('--versions', 'versioned stores, with a key: all of its versions')
    .option('--limit <n>', 'at most this many entries', count, 100)
    .option('--json', 'print JSON')
    .action(async (store, key, flags) => (await import('./commands/query.ts')).queryCommand(store, key, flags))
}

function connectCommand(): Command {
  const load = () => import('./commands/connect.ts')
  const tool = (name: string, description: string): Command =>
    new Command(name).description(description).addOption(gatewayUrl()).option('--json', 'print JSON')
  const steer = (action: 'pause' | 'resume' | 'stop', description: string): Command =>
    tool(action, description)
      .argument('<name>')
      .action(async (name, flags) => (await load()).steerConnector(name, action, flags))
  return new Command('connect')
    .description('sources and sinks, through the gateway of a running process')
    .addCommand(
      tool('status', 'state, position and lag of the connectors of a running process')
        .alias('list')
        .action(async (flags) => (await load()).connectStatus(flags)),
    )
    .addCommand(
      tool('show', 'config, state and offsets of one')
        .argument('<name>')
        .action(async (name, flags) => (await load()).showConnector(name, flags)),
    )
    .addCommand(
      tool('plugins', 'classes of connectors, or the properties of one')
        .argument('[class]')
        .action(async (className, flags) => (await load()).connectorPlugins(className, flags)),
    )
    .addCommand(
      tool('validate', 'what is wrong with a config, without running it')
        .argument('<file>', 'properties or JSON')
        .action(async (file, flags) => (await load()).validateConnector(file, flags)),
    )
    .addCommand(
      tool('apply', 'creates connectors, or gives those that exist their configs')
        .argument('<file...>', 'properties or JSON')
        .action(async (files, flags) => (await load()).applyConnectors(files, flags)),
    )
    .addCommand(steer('pause', 'keeps it from working, until it is resumed'))
    .addCommand(steer('resume', 'lets it work again'))
    .addCommand(steer('stop', 'as pause, and frees what it holds; offsets can then be changed'))
    .addCommand(
      tool('restart', 'starts it anew')
        .argument('<name>')
        .option('--only-failed', 'where it has failed')
        .action(async (name, flags) => (await load()).steerConnector(name, 'restart', flags)),
    )
    .addCommand(
      tool('offsets', 'where it stands; changes that while it is stopped')
        .argument('<name>')
        .option('--set <json>', 'offsets in the form in which they are printed')
        .option('--reset', 'begin anew')
        .option('--yes', 'do it')
        .action(async (name, flags) => (await load()).connectorOffsets(name, flags)),
    )
    .addCommand(
      tool('delete', 'ends it; previews unless --yes')
        .argument('<name>')
        .option('--yes', 'do it')
        .action(async (name, flags) => (await load()).deleteConnector(name, flags)),
    )
    .addCommand(
      daily('forget', 'makes a source begin anew, with a snapshot; previews unless --yes')
        .argument('<source>')
        .option('--yes', 'do it')
        .action(async (source, flags) => (await load()).forgetSource(source, flags)),
    )
}

/** The daily tools. */
export function dailyCommands(): Command[] {
  return [
    topicsCommand(),
    produceCommand(),
    consumeCommand(),
    groupsCommand(),
    streamsCommand(),
    aclsCommand(),
    dlqCommand(),
    connectCommand(),
    queryCommand(),
  ]
}
