import { errorFactory } from '@millrace/base'
import { type PropertyLine, propertyLines } from '@millrace/base/internal'
import { brokerErrors } from '@millrace/broker'
import { counted } from './output.ts'

const brokerError = errorFactory(brokerErrors)

/**
 * The settings of a file in the form of Kafka's `server.properties`.
 *
 * @throws BROKER_CONFIG_INVALID, with file, line and problem of each setting that the broker would refuse
 */
export async function brokerSettings(path: string, text: string): Promise<Record<string, string>> {
  const { settingProblem } = await import('@millrace/broker/internal')
  const lines = propertyLines(text)
  const controllers = controllerNames(lines)
  const problems = lines.flatMap((one) => {
    const problem = controllerProblem(one, controllers) ?? settingProblem(one.name, one.value)
    return problem === undefined ? [] : [`${path}:${one.line} ${problem}`]
  })
  if (problems.length > 0) {
    const message = `${path} has ${counted(problems.length, 'setting')} that this broker cannot use`
    throw brokerError('BROKER_CONFIG_INVALID', message, { path }, new Error(problems.join('\n')))
  }
  return Object.fromEntries(lines.map(({ name, value }) => [name, value]))
}

const listenerLists = ['listeners', 'advertised.listeners', 'listener.security.protocol.map']

/** Names of listeners for controllers, as the file says it; CONTROLLER where that line has gone already. */
function controllerNames(lines: readonly PropertyLine[]): ReadonlySet<string> {
  const named = lines.find(({ name }) => name === 'controller.listener.names')?.value ?? 'CONTROLLER'
  return new Set(named.split(',').map((name) => name.trim().toUpperCase()))
}

/** Opened like any other listener it would be one more way in for clients: there is no controller behind it here. */
function controllerProblem({ name, value }: PropertyLine, controllers: ReadonlySet<string>): string | undefined {
  if (!listenerLists.includes(name)) return undefined
  const theirs = value
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => controllers.has(entry.split(':', 1)[0]!.toUpperCase()))
  if (theirs.length === 0) return undefined
  return `${name} has ${theirs.join(' and ')}: only a cluster has listeners for controllers; take it out`
}
