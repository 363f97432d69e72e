import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { INTERNAL, type KnownFile } from '../truth.ts'
import { dialFrom } from '../wire.ts'
import { atOnce, type Mischief, over, SIMPLE_JSON, type Stage } from './stage.ts'

/** Clients that ask for what they must not have, ask too much, or do not take what they asked for. */

function client(name: string, run: Mischief['run'], more: Partial<Mischief> = {}): Mischief {
  return { name, side: 'client', run, ...more }
}

function refused({ truth }: Stage): readonly KnownFile[] {
  return truth.files.filter(({ admittedBy }) => admittedBy.length < 2)
}

function large({ truth }: Stage): KnownFile {
  const file = truth.files.find(({ project }) => project === 'calmlarge')
  if (file === undefined) throw new TypeError('there is a large file')
  return file
}

/** Connections that are opened, used, and let go of when it is over; every byte that came is looked at. */
async function withSockets(
  stage: Stage,
  signal: AbortSignal,
  { count, from }: { readonly count: number; readonly from: () => string },
  use: (socket: Socket, number: number) => void,
): Promise<void> {
  const { gate, checker } = stage
  const { url } = gate
  if (url === undefined) return
  const sockets: Socket[] = []
  for (let number = 0; number < count && !signal.aborted; number += 1) {
    const address = from()
    const socket = await dialFrom(address, url)
    if (socket === undefined) break
    sockets.push(socket)
    socket.once('close', () => checker.seeRaw(address, Buffer.concat(heard)))
    const heard: Buffer[] = []
    socket.on('data', chunk => void (heard.length < 200 && heard.push(chunk)))
    use(socket, number)
  }
  await over(signal)
  for (const socket of sockets) socket.destroy()
}

function get(path: string, ...fields: readonly string[]): string {
  return [`GET ${path} HTTP/1.1`, 'Host: gate.example', ...fields, '', ''].join('\r\n')
}

const RANGES = [
  'bytes=0-0',
  'bytes=-1',
  'bytes=0-',
  'bytes=1-2,4-5',
  'bytes=5-1',
  'bytes=99999999-',
  'bytes=-0',
  'lines=1-2',
  'bytes=0-99999999999999999999',
  'bytes=',
]

/** Spellings of ways in, of a file that may come and of one that may not. */
function oddPaths({ path, project, filename, sha256 }: KnownFile): readonly string[] {
  const [, , a = '', b = '', rest = ''] = path.split('/')
  return [
    `${path}?x=1`,
    `${path}#x`,
    `${path}/`,
    `/${path}`,
    path.toUpperCase(),
    path.replace('/packages/', '/packages/../packages/'),
    path.replace('/packages/', '/packages/%2e%2e/packages/'),
    path.replace('/packages/', '/PACKAGES/'),
    path.replace('/packages/', '/%70ackages/'),
    path.replaceAll('/', '%2f'),
    `${path}%00`,
    `${path}.metadata.metadata`,
    `${path}.asc`,
    `${path}.provenance`,
    `/packages/${a}/${b}/${rest}/..%2f${filename}`,
    `/packages/${a}/${b}/${rest.replace(/^./, '0')}/${filename}`,
    `/packages/${sha256.slice(0, 2)}/${sha256.slice(2, 4)}/${sha256.slice(4)}/${filename}`,
    `/packages/${a}/${b}/${rest}/calmone-1.0-py3-none-any.whl`,
    `/packages/${a}/${b}/${rest}/${'n'.repeat(300)}.whl`,
    `/simple/${project}`,
    `/simple/${project.toUpperCase()}/`,
    `/simple/${project}/?format=application/vnd.pypi.simple.v1+json`,
    `/simple/${project}%2f..%2fbare/`,
    `/simple/../simple/${project}/`,
    `/simple/%E2%80%8B${project}/`,
    `/pypi/${project}/json`,
    `/pypi/${project}/1.0/json`,
    `/pypi/${project}/01.0.0.0/json`,
    `/pypi/${project}/${'1.'.repeat(50)}0/json`,
    `/integrity/${project}/1.0/${filename}/provenance`,
    `/integrity/calmone/1.0/${filename}/provenance`,
    `/x/${sha256.slice(0, 12)}`,
    '/x/..%2f..%2fetc',
    '/simple/%',
    '/',
    '/metrics',
    '/readyz',
    'http://pypi.example/simple/bare/',
    '*',
  ]
}

const ODD_REQUESTS: readonly ((path: string) => string)[] = [
  path => get(path).replace('GET', 'POST'),
  path => get(path).replace('GET', 'DELETE'),
  path => get(path).replace('GET', 'TRACE'),
  path => get(path).replace('GET', 'get'),
  path => get(path, 'Host: other.example'),
  path => get(path, 'Content-Length: 5', 'Transfer-Encoding: chunked'),
  path => `${get(path, 'Content-Length: 60')}${get('/packages/')}`,
  path => get(path).replace('HTTP/1.1', 'HTTP/1.0'),
  path => get(path).replace('HTTP/1.1', 'HTTP/3.0'),
  path => get(path, ` folded: yes`),
  path => get(path, `X-Long: ${'x'.repeat(40_000)}`),
  path => get(path, ...Array.from({ length: 300 }, (_, number) => `X-${number}: y`)),
  path => get(path, 'X-Forwarded-For: 10.0.0.1', 'X-Forwarded-Host: evil.example', 'Forwarded: host=evil.example'),
  path => get(path, 'Expect: 100-continue'),
  path => get(path, 'Upgrade: h2c', 'Connection: Upgrade, HTTP2-Settings', 'HTTP2-Settings: AAMAAABkAAQAAP__'),
  path => `${get(path)}${get(path)}${get(path)}`,
  () => '\u0016\u0003\u0001\u0000\u0000\r\n\r\n',
]

export const CLIENTS: readonly Mischief[] = [
  client('head-storm', async (stage, signal) => {
    const from = stage.stranger()
    await atOnce(40, 300, signal, number => {
      const file = stage.truth.cold[number % stage.truth.cold.length]
      return stage.ask({ client: from, method: 'HEAD', path: file?.path ?? '/' })
    })
  }),
  client('names-unheard-of', async (stage, signal) => {
    const from = stage.stranger()
    await atOnce(60, 400, signal, number => {
      const name = `unheard-${stage.dice.between(0, 1_000_000)}-${number}`
      const path =
        number % 2 === 0
          ? `/simple/${name}/`
          : `/packages/00/11/${'2'.repeat(60)}/${name.replaceAll('-', '_')}-1.0.tar.gz`
      return stage.ask({ client: from, path, headers: { accept: SIMPLE_JSON } })
    })
  }),
  client('refused-storm', async (stage, signal) => {
    await atOnce(30, 300, signal, () => {
      const { path } = stage.dice.pick(refused(stage))
      const method = stage.dice.pick(['GET', 'GET', 'HEAD'])
      return stage.ask({ client: stage.stranger(), path: `${path}${stage.dice.pick(['', '', '.metadata'])}`, method })
    })
  }),
  client('stampede', async (stage, signal) => {
    const { path } = stage.dice.pick(stage.truth.cold)
    await atOnce(60, 60, signal, () => stage.ask({ client: stage.stranger(), path }))
  }),
  client('goes-away', async (stage, signal) => {
    const files = [large(stage), ...stage.truth.cold]
    await atOnce(12, 80, signal, () => {
      const { path, bytes } = stage.dice.pick(files)
      return stage.ask({ client: stage.stranger(), path, leaveAfter: stage.dice.between(1, bytes.length) })
    })
  }),
  client('ranges', async (stage, signal) => {
    const from = stage.stranger()
    await atOnce(8, 120, signal, () => {
      const { dice, truth } = stage
      const file = dice.pick(
        dice.chance(0.3) ? refused(stage) : [large(stage), ...truth.cold, ...truth.filesOf('calmone')],
      )
      const start = dice.between(0, file.bytes.length)
      const range = dice.chance(0.5) ? dice.pick(RANGES) : `bytes=${start}-${start + dice.between(0, 100_000)}`
      const tag = dice.pick([undefined, `"sha256-${file.sha256}"`, '"another"', 'Wed, 21 Oct 2015 07:28:00 GMT'])
      const headers = { range, ...(tag === undefined ? {} : { 'if-range': tag }) }
      return stage.ask({ client: from, path: file.path, headers, method: dice.pick(['GET', 'GET', 'GET', 'HEAD']) })
    })
  }),
  client('conditions', async (stage, signal) => {
    const from = stage.stranger()
    await atOnce(8, 120, signal, () => {
      const file = stage.dice.pick(stage.truth.files)
      const tag = stage.dice.pick([`"sha256-${file.sha256}"`, `W/"sha256-${file.sha256}"`, '*', '"x"'])
      return stage.ask({ client: from, path: file.path, headers: { 'if-none-match': tag } })
    })
  }),
  client('paths-odd', async (stage, signal) => {
    const from = stage.stranger()
    const { dice, truth } = stage
    const paths = [dice.pick(refused(stage)), dice.pick(truth.files), dice.pick(truth.filesOf(INTERNAL))].flatMap(
      oddPaths,
    )
    await atOnce(6, paths.length, signal, number => stage.ask({ client: from, path: paths[number] ?? '/' }))
  }),
  client('requests-odd', async (stage, signal) => {
    const file = stage.dice.pick(refused(stage))
    const texts = ODD_REQUESTS.map(make => make(file.path))
    await withSockets(stage, signal, { count: texts.length, from: stage.stranger }, (socket, number) => {
      socket.write(texts[number] ?? '')
    })
  }),
  client('pipelines', async (stage, signal) => {
    const from = stage.stranger()
    await withSockets(stage, signal, { count: 6, from: () => from }, socket => {
      const files = Array.from({ length: 30 }, () => stage.dice.pick(stage.truth.files))
      socket.write(files.map(({ path }) => get(path)).join(''))
    })
  }),
  client('readers-stalled', async (stage, signal) => {
    const from = stage.stranger()
    const paths = [large(stage).path, '/simple/', '/simple/huge/', `${large(stage).path}.metadata`]
    await withSockets(stage, signal, { count: 30, from: () => from }, (socket, number) => {
      socket.pause()
      socket.write(get(paths[number % paths.length] ?? '/'))
    })
  }),
  client('pipelines-unread', async (stage, signal) => {
    const from = stage.stranger()
    await withSockets(stage, signal, { count: 20, from: () => from }, socket => {
      socket.pause()
      socket.write(get(`${large(stage).path}.metadata`).repeat(16) + get(large(stage).path).repeat(4))
    })
  }),
  client('readers-slow', async (stage, signal) => {
    await withSockets(stage, signal, { count: 8, from: stage.stranger }, socket => {
      socket.write(get(large(stage).path))
      const step = setInterval(() => {
        socket.resume()
        setImmediate(() => socket.pause())
      }, 100)
      socket.once('close', () => clearInterval(step))
    })
  }),
  client('heads-unfinished', async (stage, signal) => {
    const from = stage.stranger()
    await withSockets(stage, signal, { count: 100, from: () => from }, socket => {
      socket.write('GET /simple/calmone/ HTTP/1.1\r\nHost: gate')
    })
  }),
  client('connections-idle', async (stage, signal) => {
    const from = stage.stranger()
    await withSockets(stage, signal, { count: 400, from: () => from }, () => {})
  }),
  client('connections-reset', async (stage, signal) => {
    while (!signal.aborted) {
      const { url } = stage.gate
      const socket = url === undefined ? undefined : await dialFrom(stage.stranger(), url)
      socket?.write(get(stage.dice.pick(stage.truth.cold).path))
      await sleep(stage.dice.between(0, 20))
      socket?.resetAndDestroy()
    }
  }),
  client('versions-respelled', async (stage, signal) => {
    const from = stage.stranger()
    await atOnce(10, 150, signal, number => {
      const project = stage.dice.pick(stage.truth.honest)
      return stage.ask({ client: from, path: `/pypi/${project}/1${'.0'.repeat(1 + (number % 40))}/json` })
    })
  }),
  client('root-list', async (stage, signal) => {
    await atOnce(6, 30, signal, () =>
      stage.ask({ client: stage.stranger(), path: '/simple/', leaveAfter: stage.dice.pick([undefined, 100]) ?? 1e9 }),
    )
  }),
  client('explanations', async (stage, signal) => {
    const from = stage.stranger()
    await atOnce(4, 40, signal, async () => {
      const answer = await stage.ask({ client: from, path: stage.dice.pick(refused(stage)).path })
      const { explain } = readProblem(answer?.body)
      if (typeof explain === 'string')
        await stage.ask({ client: from, path: new URL(explain).pathname, headers: { accept: 'application/json' } })
    })
  }),
]

function readProblem(body: Buffer | undefined): { readonly explain?: unknown } {
  try {
    return JSON.parse(body?.toString() ?? '{}') as { readonly explain?: unknown }
  } catch {
    return {}
  }
}
