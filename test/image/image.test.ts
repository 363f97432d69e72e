import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { type IncomingMessage, request } from 'node:http'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { parse } from 'yaml'
import { until } from '../world/until.ts'
import { createWorld, type World } from '../world/world.ts'
import { buildImage, checkout, type Image } from './build.ts'
import { type Container, newVolume, runInImage, startContainer } from './container.ts'
import { freePort } from './free-port.ts'
import { imageSkip } from './machine.ts'

const skip = await imageSkip()
if (skip !== false) {
  t.test('the image is built, started and asked', { skip }, () => {})
} else {
  const image = await buildImage(t)
  await inspectImage(image)
  await startImage(image)
}

async function inspectImage(image: Image): Promise<void> {
  const { config, root } = image
  const home = join(root, 'opt/portcullis')
  const find = (...words: readonly string[]): readonly string[] =>
    execFileSync('find', [root, '-xdev', ...words, '-printf', '/%P\\n'], { encoding: 'utf8' })
      .split('\n')
      .slice(0, -1)

  await t.test('the image says how it wants to be run', async t => {
    t.match(config, {
      User: /^[1-9]\d*:[1-9]\d*$/,
      Entrypoint: ['/usr/local/bin/portcullis'],
      Cmd: ['serve'],
      ExposedPorts: { '8080/tcp': {} },
      Volumes: { '/data': {} },
      StopSignal: 'SIGTERM',
      Healthcheck: { Test: ['CMD'] },
    })
    t.ok(config.Env.includes('PORTCULLIS_LISTEN=0.0.0.0:8080'))
    t.ok(config.Env.includes('PORTCULLIS_DATA=/data'))
    t.notOk(
      config.Env.some(word => word.startsWith('NODE_EXTRA_CA_CERTS')),
      'nothing of the machine that built it',
    )
    const { version, license } = JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8'))
    t.equal(config.Labels['org.opencontainers.image.version'], version)
    t.equal(config.Labels['org.opencontainers.image.licenses'], license)
  })

  await t.test('it holds what was built, and nothing else', async t => {
    t.strictSame(readdirSync(home).sort(), ['LICENSE', 'bin', 'dist', 'package.json', 'policies'])
    t.strictSame(find('-name', 'node_modules'), [])
    const licences = readFileSync(join(home, 'dist/THIRD-PARTY-LICENSES'), 'utf8')
    const manifest = JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8'))
    for (const name of ['fastify', 'undici', 'zod', 'better-sqlite3'])
      t.match(licences, `${name}@${manifest.dependencies[name]} (`)
    t.ok(find('-path', '*/dist/cache/*-10001/*').length > 5, 'what V8 made of it is there for the user that runs it')
    t.strictSame(
      find('-name', '*.node').map(path => path.slice(path.lastIndexOf('/') + 1)),
      [`linux-${process.arch}.node`],
      'one binary, this platform’s',
    )
    t.strictSame(find('(', '-name', 'npm', '-o', '-name', 'yarn', '-o', '-name', 'corepack', ')'), [], 'no npm')
  })

  await t.test('its user owns the volume and can write nothing else', async t => {
    const [uid = ''] = config.User.split(':')
    t.strictSame(find('-user', uid), ['/data'])
    const open = find('-perm', '-o+w', '!', '-type', 'l', '!', '-type', 'c')
    t.strictSame(
      open.filter(path => !/^\/(tmp|var\/tmp|run\/lock|dev\/.*)$/.test(path)),
      [],
    )
  })

  const kilobytes = (path: string) => Number(execFileSync('du', ['-sk', path], { encoding: 'utf8' }).split('\t')[0])
  const [whole, own, node] = [root, home, join(root, 'usr/local/bin/node')].map(kilobytes)
  t.comment(
    `the image is ${megabytes(whole)} unpacked: ${megabytes(own)} of ours, ${megabytes(node)} Node, the rest is the base`,
  )
}

async function startImage(image: Image): Promise<void> {
  await t.test(
    'as docker-compose.yml starts it, with no network at all, it is alive and says what it waits for',
    async t => {
      const { environment } = composedGate()
      const configuration = join(image.folder, 'composed')
      mkdirSync(configuration)
      execFileSync('cp', ['--recursive', join(checkout, 'policies'), configuration])
      execFileSync('chmod', ['--recursive', 'go=rX', configuration])
      const options = { environment, configuration, volume: newVolume(image), network: 'own' } as const
      const gate = await startContainer(t, image, options)
      await withinTwoMinutes(gate, async () => (await gate.health()).code === 0)

      t.match(gate.status(), /^Uid:\t10001\t10001\t10001\t10001$/m)
      t.match(gate.status(), /^NoNewPrivs:\t1$/m)
      t.match(gate.status(), /^CapEff:\t0+$/m)
      t.match(gate.status(), /^NSpid:\t\d+\t1$/m, 'it is process 1')
      const write = await gate.run(['node', '-e', "require('fs').writeFileSync('/opt/portcullis/dist/main.js', '')"])
      t.match(write.err, /EROFS|EACCES/)

      const ready = await gate.run([
        'node',
        '-e',
        "fetch('http://127.0.0.1:8080/readyz').then(async r => console.log(r.status, await r.text()))",
      ])
      t.match(ready.out, /^503 /)
      t.match(ready.out, 'trust')

      gate.signal('SIGTERM')
      t.equal(await gate.ended, 0)
      t.not((await runInImage(image, { ...options, command: ['no-such-command'] })).code, 0)
    },
  )

  await t.test('the health check fails where nobody answers', async t => {
    const options = { volume: newVolume(image), environment: { PORTCULLIS_LISTEN: `127.0.0.1:${await freePort()}` } }
    const gate = await startContainer(t, image, { ...options, network: 'own' })
    await withinTwoMinutes(gate, async () => (await gate.health()).code === 0)
    gate.signal('SIGSTOP')
    const asked = gate.run(['timeout', '2', ...image.config.Healthcheck.Test.slice(1)])
    t.not((await asked).code, 0, 'it hangs')
    gate.signal('SIGCONT')
    const elsewhere = ['env', 'PORTCULLIS_LISTEN=127.0.0.1:9', ...image.config.Healthcheck.Test.slice(1)]
    t.equal((await gate.run(elsewhere)).code, 1, 'nobody listens')
  })

  await t.test('in front of an index', async t => {
    const world = await createWorld(t)
    const good = await world.release('demo', '1.0')
    const bad = await world.release('demo', '2.0', { attested: false })
    const large = await world.release('heavy', '1.0', {
      kinds: ['wheel'],
      files: { 'heavy/weight.txt': noise(400_000) },
    })
    const volume = newVolume(image)
    const port = await freePort()
    const options = { ...configured(image, world), volume, environment: { PORTCULLIS_LISTEN: `127.0.0.1:${port}` } }
    const gate = await startContainer(t, image, options)
    await withinTwoMinutes(gate, async () => (await ask(port, '/readyz')).status === 200)

    await t.test('it is ready, with the pinned trust root', async t => {
      t.match(JSON.stringify((await ask(port, '/readyz')).json()), 'trust')
      t.equal((await gate.health()).code, 0)
    })

    await t.test('what is attested passes, byte for byte', async t => {
      t.match((await ask(port, '/simple/demo/', 'application/vnd.pypi.simple.v1+json')).json(), { name: 'demo' })
      const answer = await ask(port, good.wheel.path)
      t.equal(answer.status, 200)
      t.ok(answer.body.equals(good.wheel.bytes))
    })

    let explanation = ''
    await t.test('what is not is refused with a reason', async t => {
      const answer = await ask(port, bad.wheel.path)
      t.equal(answer.status, 403)
      t.match(answer.phrase, /^Refused by policy: unattested \(see http:/)
      t.equal(answer.type, 'application/problem+json')
      explanation = new URL(answer.json().explain).pathname
      t.equal((await ask(port, explanation)).status, 200)
    })

    await t.test('a policy that an editor replaces beside it is taken up', async t => {
      const replace = (text: string): void => {
        writeFileSync(join(options.configuration, 'policy.new'), text)
        renameSync(join(options.configuration, 'policy.new'), join(options.configuration, 'policy.yaml'))
      }
      const becomes = async (status: number): Promise<void> => {
        await withinTwoMinutes(gate, async () => (await ask(port, good.sdist.path)).status === status)
        t.pass(`it becomes ${status}`)
      }
      replace('version: 1\nprojects: [{ match: demo, deny: taken back }]\n')
      await becomes(403)
      replace(world.policyText())
      await becomes(200)
    })

    await t.test('told to stop, it finishes what runs and ends with 0', async t => {
      world.upstream.limit(100_000)
      let done = false
      const download = ask(port, large.wheel.path).finally(() => {
        done = true
      })
      await until('the download runs', () => world.upstream.count('file', 'heavy') > 0)
      t.equal(world.upstream.count('file', 'heavy'), 1, 'the download runs')
      gate.signal('SIGTERM')
      t.notOk(done)
      const { status, body } = await download
      t.equal(status, 200)
      t.ok(body.equals(large.wheel.bytes), 'the whole file')
      t.equal(await gate.ended, 0, 'exit code')
      await t.rejects(ask(port, '/healthz'), { code: 'ECONNREFUSED' })
      world.upstream.limit(undefined)
    })

    await t.test('another container on the same volume goes on where it stopped', async t => {
      const [uid = ''] = image.config.User.split(':')
      const foreign = execFileSync('find', [volume, '!', '-user', uid], { encoding: 'utf8' })
      t.equal(foreign, '', 'its user owns all it wrote')
      world.upstream.forgetRequests()
      const again = await startContainer(t, image, options)
      await withinTwoMinutes(again, async () => (await ask(port, '/readyz')).status === 200)
      t.ok((await ask(port, good.wheel.path)).body.equals(good.wheel.bytes))
      t.equal(world.upstream.count('file'), 0, 'stored files are not fetched again')
      t.equal((await ask(port, explanation)).status, 200, 'the explain URL still answers')
      again.signal('SIGINT')
      t.equal(await again.ended, 0)
    })

    await t.test('its commands are there for whoever looks inside', async t => {
      const shown = await runInImage(image, { ...options, command: ['config', 'show'] })
      t.equal(shown.code, 0, shown.err)
      t.match(shown.out, world.upstream.origin)
      const checked = await runInImage(image, { ...options, command: ['policy', 'check'] })
      t.equal(checked.code, 0, checked.err)
    })

    await t.test('a policy that does not compile stops the start with 2 and says where', async t => {
      writeFileSync(
        join(options.configuration, 'policy.yaml'),
        'version: 1\nprojects: [{ match: demo, publisher: [] }]\n',
      )
      const { code, err, out } = await runInImage(image, { ...options, command: ['serve'] })
      t.equal(code, 2)
      t.match(err + out, /policy\.yaml:2:\d+/)
    })
  })
}

/** The gate's configuration and what it points at, in the folder that becomes /etc/portcullis. */
function configured(image: Image, world: World): { readonly configuration: string } {
  const configuration = join(image.folder, 'configuration')
  mkdirSync(configuration)
  const inside = { ...world.configuration(), policy: ['policy.yaml'], trust: { root: 'trusted_root.json' } }
  writeFileSync(join(configuration, 'portcullis.yaml'), JSON.stringify(inside))
  writeFileSync(join(configuration, 'policy.yaml'), world.policyText())
  writeFileSync(join(configuration, 'trusted_root.json'), readFileSync(world.trustRoot))
  return { configuration }
}

/** What docker-compose.yml sets where the person who starts it sets nothing. */
function composedGate(): { readonly environment: Readonly<Record<string, string>> } {
  const { services } = parse(readFileSync(join(checkout, 'docker-compose.yml'), 'utf8'))
  const environment = Object.entries<unknown>(services.gate.environment).map(([name, value]) => [
    name,
    String(value).replace(/\$\{\w+:-([^}]*)\}/g, '$1'),
  ])
  return { environment: Object.fromEntries(environment) }
}

interface Answer {
  readonly status: number
  readonly phrase: string
  readonly type: string | undefined
  readonly body: Buffer
  // biome-ignore lint/suspicious/noExplicitAny: whatever the gate says, for t.match
  json(): any
}

function ask(port: number, path: string, accept = '*/*'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request(
      { host: '127.0.0.1', port, path, headers: { accept }, agent: false },
      (answer: IncomingMessage) => {
        const chunks: Buffer[] = []
        answer.on('data', chunk => chunks.push(chunk))
        answer.on('error', reject)
        answer.on('end', () => {
          const body = Buffer.concat(chunks)
          resolve({
            status: answer.statusCode ?? 0,
            phrase: answer.statusMessage ?? '',
            type: answer.headers['content-type'],
            body,
            json: () => JSON.parse(body.toString('utf8')),
          })
        })
      },
    )
    asked.on('error', reject)
    asked.end()
  })
}

async function withinTwoMinutes(gate: Container, holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    if (await holds().catch(() => false)) return
    await sleep(200)
  }
  throw new Error(`it did not come up; it says:\n${gate.output().slice(-2000)}`)
}

/** Text that does not compress. */
function noise(bytes: number): string {
  let text = ''
  for (let word = 1; text.length < bytes; word = (word * 48_271) % 2_147_483_647) text += word.toString(36)
  return text
}

function megabytes(kilobytes: number | undefined): string {
  return `${Math.round((kilobytes ?? 0) / 1024)} MB`
}
