import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort, type Running, startServer, waitFor } from './processes.ts'
import type { Checkout } from './stage.ts'

export interface GateProcess extends Running {
  readonly url: string
  /** from the start of the process to the first 200 of /readyz */
  readonly readyMs: number
  /** its data folder */
  readonly data: string
  /** Sums a counter of /metrics over its labels. */
  counter(name: string): Promise<number>
}

/** What stands in the configuration file besides where it listens and keeps its data. */
export type Settings = Readonly<Record<string, unknown>>

/** The gate as a user starts it, in a process of its own on the server's core, access log on. */
export async function startGateProcess(
  checkout: Checkout,
  settings: Settings,
  folder: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<GateProcess> {
  mkdirSync(folder, { recursive: true })
  const data = join(folder, 'data')
  const config = join(folder, 'portcullis.yaml')
  const log = join(folder, 'gate.log')
  const port = await freePort()
  writeFileSync(config, JSON.stringify({ ...settings, listen: `127.0.0.1:${port}`, data }, undefined, 1))
  const started = performance.now()
  const running = startServer(checkout.launcher, ['serve', '--config', config], log, environment)
  const url = `http://127.0.0.1:${port}`
  try {
    await waitFor(`${url}/readyz`, 120, running) // on a machine that is busy with other work, too
  } catch (error) {
    await running.stop()
    throw new Error(`the gate did not become ready:\n${readFileSync(log, 'utf8').slice(-2_000)}`, { cause: error })
  }
  return {
    ...running,
    url,
    data,
    readyMs: performance.now() - started,
    async counter(name) {
      const text = await (await fetch(`${url}/metrics`)).text()
      const lines = text.split('\n').filter(line => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
      return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0)
    },
  }
}
