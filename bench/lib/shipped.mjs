import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = new URL('../../', import.meta.url)
const { scripts } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'))

/** Node's arguments in `npm start`, and where they are meant to be given. */
export const shipped = { args: scripts.start.split(' ').slice(1), cwd: fileURLToPath(root) }
