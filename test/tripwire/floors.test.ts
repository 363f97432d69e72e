import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { breachesIn } from './floors.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
/** Lines after which a file is looked at twice; nothing fails. */
const LONG = 250

const sources = new Map(
  readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
    .filter(name => /\.[cm]?[jt]s$/.test(name))
    .map(name => [`src/${name.replaceAll('\\', '/')}`, readFileSync(join(ROOT, 'src', name), 'utf8')] as const),
)

t.test('imports only go down, and everything stands where it may', async t => {
  t.ok(sources.size > 50, 'the sources were found')
  t.strictSame(breachesIn(sources), [])
  for (const [path, source] of sources) {
    const lines = source.split('\n').length
    if (lines > LONG) t.comment(`${path} has ${lines} lines`)
  }
})

/** One made-up file each, and what must be said of it; nothing where nothing is wrong. */
const MADE_UP: readonly (readonly [path: string, source: string, said: RegExp | undefined])[] = [
  ['src/domain/a.ts', "import { b } from '../gate/b.ts'", /climbs from floor 0 to 4/],
  ['src/domain/a.ts', "import type { B } from '../ports/blobs.ts'", /climbs from floor 0 to 1/],
  ['src/domain/a.ts', "export { b } from '../protocol/b.ts'", /climbs from floor 0 to 1/],
  ['src/domain/a.ts', "export * from '../protocol/b.ts'", /climbs/],
  ['src/domain/a.ts', "import {\n  b,\n  c,\n} from '../protocol/b.ts'", /climbs/],
  ['src/domain/a.ts', "import { readFileSync } from 'node:fs'", /text to value needs no platform/],
  ['src/protocol/a.ts', "const b = await import('../store/b.ts')", /climbs from floor 1 to 3/],
  ['src/protocol/a.ts', 'const b = await import(name)', /something computed/],
  ['src/protocol/a.ts', "import '../gate/b.ts'", /climbs/],
  ['src/flow/a.ts', "import { b } from '../gate/b.ts'", /climbs from floor 1 to 4/],
  ['src/gate/a.ts', "import { createIndex } from '../upstream/pypi-index.ts'", /never an adapter/],
  ['src/gate/a.ts', "import type { Pool } from '../verify/pool.ts'", /never an adapter/],
  ['src/gate/a.ts', "import type { Config } from '../config/schema.ts'", /nothing below the composition root/],
  ['src/gate/a.ts', "import { log } from '../observe/log.ts'", /climbs from floor 4 to 5/],
  ['src/http/a.ts', "import { createIndex } from '../upstream/pypi-index.ts'", /routes and commands ask the gate/],
  ['src/http/a.ts', "import { openStore } from '../store/open.ts'", /routes and commands ask the gate/],
  ['src/cli/a.ts', "import { verifyDocument } from '../verify/document.ts'", /routes and commands ask the gate/],
  ['src/cli/a.ts', "import { startApp } from '../compose/app.ts'", /climbs from floor 5 to 6/],
  ['src/upstream/a.ts', "import { b } from '../verify/b.ts'", /an upstream only fetches/],
  ['src/gate/a.ts', "import { b } from '../carry/b.ts'", /never an adapter/],
  ['src/carry/a.ts', "import { b } from '../store/b.ts'", /packed and unpacked, and no more/],
  ['src/store/a.ts', "import { pack } from 'tar-stream'", /tar-stream: only/],
  ['src/http/a.ts', "import { request } from 'undici'", /undici: only/],
  ['src/http/a.ts', "import { createServer, request } from 'node:http'", /node:http: only/],
  ['src/http/a.ts', "import * as http from 'node:http'", /node:http: only/],
  ['src/gate/a.ts', "import { createServer } from 'node:http'", /node:http: only/],
  ['src/gate/a.ts', "import { request } from 'node:https'", /node:https: only/],
  ['src/verify/worker.ts', "import * as net from 'node:net'", /node:net: only/],
  ['src/store/a.ts', "import { connect, isIP } from 'node:net'", /node:net: only/],
  ['src/gate/a.ts', "import { Verifier } from '@sigstore/verify'", /@sigstore\/verify: only/],
  ['src/http/a.ts', "import pino from 'pino'", /pino: only/],
  ['src/observe/log.ts', "import { Counter } from 'prom-client'", /prom-client: only/],
  [
    'src/gate/a.ts',
    "import { LRUCache } from 'lru-cache'; import Database from 'better-sqlite3'",
    /better-sqlite3: only/,
  ],
  ['src/gate/a.ts', "import { execFile } from 'node:child_process'", /child_process: only/],
  ['src/gate/a.ts', "import { b } from '../../test/world/b.ts'", /leaves src/],
  ['src/gate/a.ts', 'if (bad) process.exit(1)', /ends the process/],
  ['src/http/a.ts', 'const file = VerifiedFile.mint(facts)', /mints a VerifiedFile/],
  ['src/gate/a.ts', 'return Admitted\n  .mint(facts)', /mints an Admitted/],
  ['src/gate/a.ts', 'const mint = VerifiedAttestation.mint', /mints a VerifiedAttestation/],
  ['src/gate/a.ts', 'export default function a() {}', /default export/],
  ['src/gate/a.ts', 'export { a as default }', /default export/],
  ['src/gate/a.ts', 'await globalThis.fetch(url)', /past the upstream agent/],
  ['src/http/server.ts', "app.addHook('onReady', check)", /hooks into the framework/],
  ['src/http/people/a.ts', 'const options = { preHandler: checkToken }', /hooks into the framework/],
  ['src/http/door/router.ts', 'app.route({ url, onRequest, handler })', /hooks into the framework/],
  ['src/http/server.ts', 'register({ onResponse(request) {} })', /hooks into the framework/],
  ['src/http/packages/root-list-proxy.ts', 'const replyOptions = { onResponse, onError }', undefined],
  ['src/http/people/a.ts', "app.route({ url: '/', handler })", /not in the table of routes/],
  ['src/http/people/a.ts', "import type { FastifyInstance } from 'fastify'", /fastify: only/],
  ['src/compose/app.ts', "import type { FastifyHttpProxyOptions } from '@fastify/http-proxy'", /http-proxy: only/],
  ['src/gate/http-utils.ts', '', /named after what it exports/],
  ['src/gate/helpers/a.ts', '', /named after what it exports/],
  ['src/other/a.ts', '', /stands on no floor/],
  ['src/gate/a.ts', "import { b } from '../ports/blobs.ts'\nimport { c } from './c.ts'\n", undefined],
  ['src/gate/a.ts', '// process.exit(1)\n/* import { b } from "../http/b.ts" */\n', undefined],
  ['src/http/a.ts', "import type { IncomingMessage } from 'node:http'", undefined],
  ['src/http/a.ts', "import { createServer, ServerResponse } from 'node:http'", undefined],
  ['src/http/a.ts', "import { type IncomingMessage } from 'node:http'", undefined],
  ['src/protocol/a.ts', "import { isIP } from 'node:net'", undefined],
  ['src/upstream/a.ts', "import { Agent } from 'undici'", undefined],
  ['src/verify/trust/refresh.ts', "import { createServer } from 'node:http'", undefined],
  ['src/observe/log.ts', "import { pino } from 'pino'", undefined],
  ['src/main.ts', "process.exit(2)\nconst url = 'https://x.example' // process.exit\n", undefined],
  [
    'src/compose/app.ts',
    "import { openStore } from '../store/open.ts'\nimport type { Config } from '../config/schema.ts'",
    undefined,
  ],
]

t.test('and it bites', async t => {
  for (const [path, source, said] of MADE_UP) {
    const breaches = breachesIn(new Map([[path, source]]))
    const name = `${path}: ${JSON.stringify(source)}`
    if (said === undefined) t.strictSame(breaches, [], name)
    else t.match(breaches, [said], name)
    t.ok(breaches.length <= 1, 'one breach is told once')
  }
})
