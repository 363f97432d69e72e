import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { loadConfig } from '../../src/config/load.ts'
import { GateError } from '../../src/domain/base/errors.ts'
import { wrong } from './loaded-config.ts'

t.test('a file that was named and is not there is an error, with nothing hidden behind it', t => {
  t.strictSame(wrong(t, undefined, { file: 'gone.yaml' }), ['gone.yaml: the file does not exist'])
  t.strictSame(
    wrong(t, 'listen: 127.0.0.1:1\n', {
      environment: { PORTCULLIS_CONFIG: 'gone.yaml', PORTCULLIS_LOG_LEVEL: 'loud' },
    }),
    [
      'gone.yaml: the file does not exist',
      'PORTCULLIS_LOG_LEVEL: must be one of debug, info, warn, error; found "loud"',
    ],
  )
  t.end()
})

t.test('a file that is there and cannot be read as text is an error', t => {
  const folder = t.testdir({})
  const path = join(folder, 'portcullis.yaml')
  const told = () => {
    try {
      loadConfig({ flags: {}, file: undefined, environment: {}, folder })
      return ''
    } catch (error) {
      return error instanceof GateError ? error.detail : String(error)
    }
  }
  writeFileSync(path, Buffer.from([0x6c, 0xff, 0xfe]))
  t.equal(told(), 'portcullis.yaml: the file is not UTF-8')
  writeFileSync(path, `#${' '.repeat(1024 * 1024)}`)
  t.equal(told(), 'portcullis.yaml: the file is larger than 1 MiB')
  writeFileSync(path, 'listen: 127.0.0.1:1\n---\nlisten: 127.0.0.1:2\n')
  t.match(told(), /portcullis\.yaml:2:1 the file must hold one YAML document/)
  writeFileSync(path, '# nothing yet\n')
  t.equal(told(), '')
  t.end()
})
