import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runClient } from './processes.ts'

export interface Load {
  readonly requests: number
  /** of heads and bodies, those of answers that were not whole yet when it ended too */
  readonly bytes: number
  readonly seconds: number
  /** answers that were neither 2xx nor 3xx, and socket errors */
  readonly failures: number
}

/** What wrk calls when it is done; its own words round what they tell. */
const TELL = `done = function(summary, latency, requests)
  local e = summary.errors
  io.write(string.format("TOLD %d %d %d %d\\n", summary.requests, summary.bytes, summary.duration,
    e.connect + e.read + e.write + e.status + e.timeout))
end
`

/** wrk on one thread: `connections` clients that ask as fast as they can for `seconds`. */
export async function runWrk(
  url: string,
  options: {
    readonly connections: number
    readonly seconds: number
    readonly headers?: Readonly<Record<string, string>>
  },
): Promise<Load> {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-wrk-'))
  try {
    const script = join(folder, 'tell.lua')
    writeFileSync(script, TELL)
    const headers = Object.entries(options.headers ?? {}).flatMap(([name, value]) => ['-H', `${name}: ${value}`])
    const words = ['-t1', `-c${options.connections}`, `-d${options.seconds}s`, '-s', script, ...headers, url]
    const text = await runClient('wrk', words)
    const told = /^TOLD (\d+) (\d+) (\d+) (\d+)$/m.exec(text)?.slice(1).map(Number) ?? []
    const [requests = Number.NaN, bytes = Number.NaN, microseconds = Number.NaN, failures = Number.NaN] = told
    return { requests, bytes, seconds: microseconds / 1e6, failures }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Seconds that curl takes for a whole file. */
export async function timeDownload(url: string): Promise<number> {
  const text = await runClient('curl', ['-sS', '--fail', '-o', '/dev/null', '-w', '%{time_total}', url])
  return Number(text)
}

/** Readers that ask for a file and then take nothing. */
export async function stallReaders(url: string, count: number): Promise<readonly Socket[]> {
  const { hostname, port, pathname } = new URL(url)
  const sockets = await Promise.all(
    Array.from({ length: count }, async () => {
      const socket = connect(Number(port), hostname)
      socket.on('error', () => {})
      await new Promise(resolve => socket.once('connect', resolve))
      socket.write(`GET ${pathname} HTTP/1.1\r\nHost: ${hostname}:${port}\r\n\r\n`)
      return socket.pause()
    }),
  )
  return sockets
}
