import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { World } from '../test/world/world.ts'
import { type Running, startServer, waitFor } from './processes.ts'

export interface GateProcess extends Running {
  readonly url: string
  /** from the start of the process to the first 200 of /readyz */
  readonly readyMs: number
  readonly log: string
  /** Sums a counter of /metrics over its labels. */
  counter(name: string): Promise<number>
}

const LAUNCHER = new URL('../bin/portcullis', import.meta.url).pathname

/** The gate as a user starts it, in a process of its own on the server's core, access log on. */
export async function startGateProcess(
  world: World,
  folder: string,
  port: number,
  changes: Readonly<Record<string, unknown>> = {},
): Promise<GateProcess> {
  mkdirSync(folder, { recursive: true })
  const data = join(folder, 'data')
  const config = join(folder, 'portcullis.yaml')
  const log = join(folder, 'gate.log')
  const settings = { ...world.configuration(), listen: `127.0.0.1:${port}`, data, ...changes }
  writeFileSync(config, JSON.stringify(settings, undefined, 1))
  const started = performance.now()
  const running = startServer(LAUNCHER, ['serve', '--config', config], log)
  const url = `http://127.0.0.1:${port}`
  try {
    await waitFor(`${url}/readyz`, 20)
  } catch (error) {
    await running.stop()
    throw new Error(`the gate did not become ready:\n${readFileSync(log, 'utf8')}`, { cause: error })
  }
  return {
    ...running,
    url,
    log,
    readyMs: performance.now() - started,
    async counter(name) {
      const text = await (await fetch(`${url}/metrics`)).text()
      const lines = text.split('\n').filter(line => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
      return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0)
    },
  }
}
