import type { AclBinding, AclFilter, AclOperation } from '@millrace/kafka'
import { millraceError } from '../../errors.ts'
import { type DailyFlags, withKafka } from '../kafka.ts'
import { counted, printJson, printTable } from '../output.ts'

interface ResourceFlags {
  readonly topic?: string
  readonly group?: string
  readonly transactionalId?: string
  readonly cluster?: boolean
  readonly prefix?: boolean
}

export interface AclFlags extends DailyFlags, ResourceFlags {
  readonly principal?: string
  readonly operation?: readonly string[]
  readonly host?: string
  readonly deny?: boolean
  readonly allow?: boolean
}

type Resource = Pick<AclBinding, 'resourceType' | 'resourceName'>

const operations: readonly AclOperation[] = [
  'ALL',
  'READ',
  'WRITE',
  'CREATE',
  'DELETE',
  'ALTER',
  'DESCRIBE',
  'CLUSTER_ACTION',
  'DESCRIBE_CONFIGS',
  'ALTER_CONFIGS',
  'IDEMPOTENT_WRITE',
]

const shownInPreview = 20

export async function listAcls(flags: AclFlags & { readonly match?: boolean }): Promise<void> {
  const filters = filtersOf(flags, flags.match ?? false)
  await withKafka(flags, async (client) => {
    const found = await Promise.all(filters.map((filter) => client.admin.describeAcls(filter)))
    print(found.flat(), flags)
  })
}

export async function addAcls(flags: AclFlags): Promise<void> {
  const resource = resourceOf(flags)
  if (!resource) throw millraceError('USAGE', 'name the --topic, --group, --transactional-id or the --cluster')
  if (flags.principal === undefined) throw millraceError('USAGE', 'name the --principal, for example User:alice')
  const wanted = operationsOf(flags)
  if (wanted.length === 0) throw millraceError('USAGE', 'name an --operation, for example read')
  const acls = wanted.map(
    (operation): AclBinding => ({
      ...resource,
      patternType: flags.prefix ? 'PREFIXED' : 'LITERAL',
      principal: principalOf(flags.principal!),
      host: flags.host ?? '*',
      operation,
      permission: flags.deny ? 'DENY' : 'ALLOW',
    }),
  )
  await withKafka(flags, async (client) => {
    await client.admin.createAcls(acls)
    print(acls, flags)
  })
}

export async function removeAcls(flags: AclFlags & { readonly yes?: boolean }): Promise<void> {
  const filters = filtersOf(flags, false)
  if (filters.every((filter) => Object.keys(filter).length === 0)) {
    throw millraceError('USAGE', 'say which ACLs: nothing named would be all of them')
  }
  await withKafka(flags, async (client) => {
    const meant = (await Promise.all(filters.map((filter) => client.admin.describeAcls(filter)))).flat()
    if (!flags.yes) {
      const shown = meant.slice(0, shownInPreview).map(sentence)
      const more = meant.length > shown.length ? [`and ${meant.length - shown.length} more`] : []
      const what = `this would remove ${counted(meant.length, 'ACL')}: ${[...shown, ...more].join('; ')}`
      throw millraceError('CONFIRMATION_NEEDED', what)
    }
    const removed = await client.admin.deleteAcls(filters)
    if (flags.json) printJson(removed)
    else console.log(`removed ${counted(removed.length, 'ACL')}`)
  })
}

function resourceOf({ topic, group, transactionalId, cluster }: ResourceFlags): Resource | undefined {
  const named: Resource[] = []
  if (topic !== undefined) named.push({ resourceType: 'TOPIC', resourceName: topic })
  if (group !== undefined) named.push({ resourceType: 'GROUP', resourceName: group })
  if (transactionalId !== undefined) {
    named.push({ resourceType: 'TRANSACTIONAL_ID', resourceName: transactionalId })
  }
  if (cluster) named.push({ resourceType: 'CLUSTER', resourceName: 'kafka-cluster' })
  if (named.length > 1) throw millraceError('USAGE', 'an ACL is about one resource: name one of them')
  return named[0]
}

/** One filter for each operation; what is not named does not restrict. */
function filtersOf(flags: AclFlags, match: boolean): AclFilter[] {
  const resource = resourceOf(flags)
  const named = resource && flags.prefix ? { patternType: 'PREFIXED' as const } : {}
  const filter: AclFilter = {
    ...resource,
    ...(match && resource ? { patternType: 'MATCH' as const } : named),
    ...(flags.principal !== undefined && { principal: principalOf(flags.principal) }),
    ...(flags.host !== undefined && { host: flags.host }),
    ...(flags.deny && { permission: 'DENY' as const }),
    ...(flags.allow && { permission: 'ALLOW' as const }),
  }
  const wanted = operationsOf(flags)
  return wanted.length === 0 ? [filter] : wanted.map((operation) => ({ ...filter, operation }))
}

function operationsOf({ operation = [] }: AclFlags): AclOperation[] {
  return operation
    .flatMap((text) => text.split(','))
    .map((text) => {
      const name = text.trim().toUpperCase().replaceAll('-', '_')
      const found = operations.find((known) => known === name)
      if (found) return found
      const known = operations.map((one) => one.toLowerCase()).join(', ')
      throw millraceError('USAGE', `"${text}" is no operation; there are ${known}`)
    })
}

/** `alice` is short for `User:alice`. */
function principalOf(text: string): string {
  return text.includes(':') ? text : `User:${text}`
}

function print(acls: readonly AclBinding[], flags: AclFlags): void {
  const rows = [...acls].sort((a, b) => (sentence(a) < sentence(b) ? -1 : 1))
  if (flags.json) {
    printJson(rows)
    return
  }
  printTable(
    ['principal', 'permission', 'operation', 'resource', 'name', 'host'],
    rows.map((acl) => [
      acl.principal,
      acl.permission.toLowerCase(),
      acl.operation.toLowerCase(),
      acl.resourceType.toLowerCase(),
      pattern(acl),
      acl.host,
    ]),
  )
}

function sentence(acl: AclBinding): string {
  const permission = acl.permission === 'ALLOW' ? 'may' : 'may not'
  const from = acl.host === '*' ? '' : ` from ${acl.host}`
  return `${acl.principal} ${permission} ${acl.operation.toLowerCase()} ${acl.resourceType.toLowerCase()} ${pattern(acl)}${from}`
}

/** The beginning of names with three dots behind it. */
function pattern({ resourceName, patternType }: AclBinding): string {
  return patternType === 'PREFIXED' ? `${resourceName}...` : resourceName
}
