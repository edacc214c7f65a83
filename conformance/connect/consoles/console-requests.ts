/** What is looked for in an answer: a type, or what is in an object or in each item of an array. A name with `?` may be missing or null. */
export type Shape =
  | 'string'
  | 'number'
  | 'boolean'
  | 'any'
  | 'texts'
  | 'empty'
  | readonly [Shape]
  | { readonly [name: string]: Shape }
  /** An object whose values are alike, whatever their names. */
  | { readonly each: Shape }

export interface ConsoleRequest {
  /** What the console does with it. */
  readonly purpose: string
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** `{name}` is the connector, `{class}` the class of its plugin. */
  readonly path: string
  /** As the console writes it, where it sends one; `{config}` is the connector's config. */
  readonly body?: string
  /** Statuses that the console takes for success. */
  readonly status: readonly number[]
  readonly answer: Shape
}

export interface Console {
  readonly name: string
  /** Where its requests were read. */
  readonly origin: string
  readonly headers: Readonly<Record<string, string>>
  readonly requests: readonly ConsoleRequest[]
}

const ok = [200, 201, 202, 204]
const state = { state: 'string', worker_id: 'string', 'trace?': 'string' } as const
const status: Shape = { name: 'string', connector: state, tasks: [{ id: 'number', ...state }], type: 'string' }
const info: Shape = {
  name: 'string',
  config: 'texts',
  tasks: [{ connector: 'string', task: 'number' }],
  type: 'string',
}
const task: Shape = { id: { connector: 'string', task: 'number' }, config: 'texts' }
const plugin: Shape = { class: 'string', 'type?': 'string', 'version?': 'string' }
const validated: Shape = {
  name: 'string',
  error_count: 'number',
  groups: ['string'],
  configs: [
    {
      definition: {
        name: 'string',
        type: 'string',
        required: 'boolean',
        'default_value?': 'string',
        importance: 'string',
        documentation: 'string',
        'group?': 'string',
        width: 'string',
        display_name: 'string',
        dependents: ['string'],
        order: 'number',
      },
      value: {
        name: 'string',
        'value?': 'string',
        recommended_values: ['string'],
        errors: ['string'],
        visible: 'boolean',
      },
    },
  ],
}
const cluster: Shape = { version: 'string', commit: 'string', kafka_cluster_id: 'string' }
const topics: Shape = { each: { topics: ['string'] } }
const offsets: Shape = { offsets: [{ partition: 'any', 'offset?': 'any' }] }
const json = { accept: 'application/json', 'content-type': 'application/json' }

/** kafbat UI: a client generated from its contract, on Spring's WebClient. */
const kafbat: Console = {
  name: 'kafbat UI',
  origin: 'kafbat/kafka-ui, contract/src/main/resources/swagger/kafka-connect-api.yaml',
  headers: { accept: 'application/json' },
  requests: [
    { purpose: 'looks for the cluster', method: 'GET', path: '/', status: [200], answer: cluster },
    {
      purpose: 'creates',
      method: 'POST',
      path: '/connectors',
      body: '{"name":"{name}","config":{config}}',
      status: ok,
      answer: info,
    },
    {
      purpose: 'lists all',
      method: 'GET',
      path: '/connectors?expand=status&expand=info',
      status: [200],
      answer: { each: { info, status } },
    },
    { purpose: 'shows one', method: 'GET', path: '/connectors/{name}', status: [200], answer: info },
    { purpose: 'shows its state', method: 'GET', path: '/connectors/{name}/status', status: [200], answer: status },
    { purpose: 'shows its config', method: 'GET', path: '/connectors/{name}/config', status: [200], answer: 'texts' },
    { purpose: 'shows its tasks', method: 'GET', path: '/connectors/{name}/tasks', status: [200], answer: [task] },
    {
      purpose: 'shows a task',
      method: 'GET',
      path: '/connectors/{name}/tasks/0/status',
      status: [200],
      answer: { id: 'number', ...state },
    },
    { purpose: 'shows its topics', method: 'GET', path: '/connectors/{name}/topics', status: [200], answer: topics },
    {
      purpose: 'changes its config',
      method: 'PUT',
      path: '/connectors/{name}/config',
      body: '{config}',
      status: ok,
      answer: info,
    },
    {
      purpose: 'restarts it alone',
      method: 'POST',
      path: '/connectors/{name}/restart?includeTasks=false&onlyFailed=false',
      status: ok,
      answer: 'empty',
    },
    {
      purpose: 'restarts it with its tasks',
      method: 'POST',
      path: '/connectors/{name}/restart?includeTasks=true&onlyFailed=false',
      status: ok,
      answer: status,
    },
    {
      purpose: 'restarts what failed',
      method: 'POST',
      path: '/connectors/{name}/restart?includeTasks=true&onlyFailed=true',
      status: ok,
      answer: status,
    },
    {
      purpose: 'restarts a task',
      method: 'POST',
      path: '/connectors/{name}/tasks/0/restart',
      status: ok,
      answer: 'empty',
    },
    { purpose: 'pauses', method: 'PUT', path: '/connectors/{name}/pause', status: ok, answer: 'empty' },
    { purpose: 'resumes', method: 'PUT', path: '/connectors/{name}/resume', status: ok, answer: 'empty' },
    { purpose: 'lists plugins', method: 'GET', path: '/connector-plugins', status: [200], answer: [plugin] },
    {
      purpose: 'validates',
      method: 'PUT',
      path: '/connector-plugins/{class}/config/validate',
      body: '{config}',
      status: [200],
      answer: validated,
    },
    { purpose: 'stops', method: 'PUT', path: '/connectors/{name}/stop', status: ok, answer: 'empty' },
    { purpose: 'shows offsets', method: 'GET', path: '/connectors/{name}/offsets', status: [200], answer: offsets },
    {
      purpose: 'resets offsets',
      method: 'DELETE',
      path: '/connectors/{name}/offsets',
      status: [200],
      answer: { message: 'string' },
    },
    { purpose: 'deletes', method: 'DELETE', path: '/connectors/{name}', status: ok, answer: 'empty' },
    {
      purpose: 'asks for one that is not there',
      method: 'GET',
      path: '/connectors/{name}',
      status: [404],
      answer: { error_code: 'number', message: 'string' },
    },
  ],
}

/** AKHQ: the client kafka-connect-client of SourceLab, whose requests without content carry the JSON `null`. */
const akhq: Console = {
  name: 'AKHQ',
  origin: 'tchiotludo/akhq, ConnectRepository.java; SourceLabOrg/kafka-connect-client, HttpClientRestClient.java',
  headers: json,
  requests: [
    { purpose: 'lists plugins', method: 'GET', path: '/connector-plugins', status: [200], answer: [plugin] },
    // For each plugin, sources too, to know what it may be told.
    {
      purpose: 'asks what a plugin may be told',
      method: 'PUT',
      path: '/connector-plugins/{class}/config/validate',
      body: '{"connector.class":"{class}","topics":"getPlugins"}',
      status: [200],
      answer: validated,
    },
    {
      purpose: 'creates',
      method: 'POST',
      path: '/connectors',
      body: '{"name":"{name}","config":{config}}',
      status: ok,
      answer: info,
    },
    {
      purpose: 'lists all',
      method: 'GET',
      path: '/connectors?expand=info&expand=status',
      status: [200],
      answer: { each: { info, status } },
    },
    {
      purpose: 'changes its config',
      method: 'PUT',
      path: '/connectors/{name}/config',
      body: '{config}',
      status: ok,
      answer: info,
    },
    { purpose: 'pauses', method: 'PUT', path: '/connectors/{name}/pause', body: 'null', status: ok, answer: 'empty' },
    { purpose: 'resumes', method: 'PUT', path: '/connectors/{name}/resume', body: 'null', status: ok, answer: 'empty' },
    {
      purpose: 'restarts',
      method: 'POST',
      path: '/connectors/{name}/restart',
      body: 'null',
      status: ok,
      answer: 'any',
    },
    {
      purpose: 'restarts a task',
      method: 'POST',
      path: '/connectors/{name}/tasks/0/restart',
      body: 'null',
      status: ok,
      answer: 'any',
    },
    { purpose: 'shows one', method: 'GET', path: '/connectors/{name}', status: [200], answer: info },
    { purpose: 'shows its state', method: 'GET', path: '/connectors/{name}/status', status: [200], answer: status },
    { purpose: 'deletes', method: 'DELETE', path: '/connectors/{name}', status: ok, answer: 'empty' },
    {
      purpose: 'asks for one that is not there',
      method: 'GET',
      path: '/connectors/{name}',
      status: [404],
      answer: { error_code: 'number', message: 'string' },
    },
  ],
}

/** Redpanda Console: CloudHut's connect-client, which calls every request JSON, also one without content. */
const redpanda: Console = {
  name: 'Redpanda Console',
  origin: 'redpanda-data/console, backend/pkg/connect; cloudhut/connect-client',
  headers: { ...json, 'user-agent': 'CloudHut-Connect-Client', authorization: `Basic ${btoa(':')}` },
  requests: [
    { purpose: 'looks for the cluster', method: 'GET', path: '/', status: [200], answer: cluster },
    { purpose: 'lists plugins', method: 'GET', path: '/connector-plugins', status: [200], answer: [plugin] },
    {
      purpose: 'validates while a form is filled in',
      method: 'PUT',
      path: '/connector-plugins/{class}/config/validate',
      body: '{config}',
      status: [200],
      answer: validated,
    },
    {
      purpose: 'creates',
      method: 'POST',
      path: '/connectors',
      body: '{"name":"{name}","config":{config}}',
      status: ok,
      answer: info,
    },
    {
      purpose: 'lists all',
      method: 'GET',
      path: '/connectors?expand=info&expand=status',
      status: [200],
      answer: { each: { info, status } },
    },
    { purpose: 'shows one', method: 'GET', path: '/connectors/{name}', status: [200], answer: info },
    { purpose: 'shows its state', method: 'GET', path: '/connectors/{name}/status', status: [200], answer: status },
    { purpose: 'shows its config', method: 'GET', path: '/connectors/{name}/config', status: [200], answer: 'texts' },
    { purpose: 'shows its topics', method: 'GET', path: '/connectors/{name}/topics', status: [200], answer: topics },
    {
      purpose: 'changes its config',
      method: 'PUT',
      path: '/connectors/{name}/config',
      body: '{config}',
      status: ok,
      answer: info,
    },
    { purpose: 'pauses', method: 'PUT', path: '/connectors/{name}/pause', status: ok, answer: 'empty' },
    { purpose: 'resumes', method: 'PUT', path: '/connectors/{name}/resume', status: ok, answer: 'empty' },
    {
      purpose: 'restarts',
      method: 'POST',
      path: '/connectors/{name}/restart?includeTasks=true&onlyFailed=false',
      status: ok,
      answer: 'any',
    },
    {
      purpose: 'restarts a task',
      method: 'POST',
      path: '/connectors/{name}/tasks/0/restart',
      status: ok,
      answer: 'any',
    },
    {
      purpose: 'resets its topics',
      method: 'PUT',
      path: '/connectors/{name}/topics/reset',
      status: ok,
      answer: 'empty',
    },
    { purpose: 'stops', method: 'PUT', path: '/connectors/{name}/stop', status: ok, answer: 'empty' },
    { purpose: 'deletes', method: 'DELETE', path: '/connectors/{name}', status: ok, answer: 'empty' },
    {
      purpose: 'asks for one that is not there',
      method: 'GET',
      path: '/connectors/{name}/status',
      status: [404],
      answer: { error_code: 'number', message: 'string' },
    },
  ],
}

export const consoles: readonly Console[] = [kafbat, akhq, redpanda]
