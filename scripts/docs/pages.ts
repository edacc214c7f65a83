import { brokerPage } from './broker.ts'
import { brokerSettingsPage } from './broker-settings.ts'
import { clientCompatibilityPage } from './client-compatibility.ts'
import { commandLinePage } from './command-line.ts'
import { connectPluginsPage } from './connect-plugins.ts'
import { errorsPage } from './errors.ts'
import { settingsPage } from './settings.ts'
import { streamsBadInputPage } from './streams-bad-input.ts'
import { streamsConfigPage } from './streams-config.ts'
import { streamsMetricsPage } from './streams-metrics.ts'
import { streamsSupportPage } from './streams-support.ts'

export interface Page {
  readonly path: string
  readonly text: string
}

/** The pages of `docs/` that are made from code. */
export async function pages(root: string): Promise<Page[]> {
  return [
    { path: 'docs/reference/errors.md', text: await errorsPage(root) },
    { path: 'docs/reference/broker.md', text: brokerPage() },
    { path: 'docs/reference/broker-settings.md', text: brokerSettingsPage() },
    { path: 'docs/reference/client-compatibility.md', text: clientCompatibilityPage() },
    { path: 'docs/reference/configuration.md', text: settingsPage() },
    { path: 'docs/reference/streams.md', text: streamsSupportPage(root) },
    { path: 'docs/reference/streams-bad-input.md', text: streamsBadInputPage(root) },
    { path: 'docs/reference/streams-config.md', text: streamsConfigPage() },
    { path: 'docs/reference/streams-metrics.md', text: streamsMetricsPage() },
    { path: 'docs/reference/command-line.md', text: commandLinePage() },
    { path: 'docs/reference/connect-plugins.md', text: connectPluginsPage() },
  ]
}
