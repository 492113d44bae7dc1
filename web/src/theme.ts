// Mantine in Sereno's colours: quiet greys, one lantern-amber accent, no decoration.
import { createTheme, type MantineColorsTuple } from '@mantine/core'

const slate: MantineColorsTuple = [
  '#e8edf0', '#c9d1d6', '#a5b0b7', '#838f97', '#65727b', '#47535b', '#323c43', '#232b31', '#171d22', '#0f1418',
]

const lantern: MantineColorsTuple = [
  '#fff6e2', '#fde9c0', '#f9d78f', '#f3c465', '#e9b64d', '#c8922a', '#94661a', '#7d5514', '#63430e', '#4a3209',
]

export const theme = createTheme({
  colors: { dark: slate, lantern },
  primaryColor: 'lantern',
  primaryShade: { light: 7, dark: 4 },
  autoContrast: true,
  defaultRadius: 4,
  fontFamily: 'Inter, "Segoe UI Variable", "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", system-ui, sans-serif',
  fontFamilyMonospace: 'ui-monospace, "Cascadia Mono", "SF Mono", Menlo, Consolas, "Liberation Mono", monospace',
  respectReducedMotion: true,
  cursorType: 'pointer',
  focusRing: 'auto',
})
