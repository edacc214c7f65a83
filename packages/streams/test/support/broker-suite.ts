export interface RunningBroker extends AsyncDisposable {
  readonly brokers: string
  close(): Promise<void>
}

/** How a suite gets the broker that it runs against. */
export interface BrokerSuite {
  /** Why the suite cannot run here. */
  readonly skip?: string | undefined
  readonly startBroker: () => Promise<RunningBroker>
}
