// Sets light or dark before the first paint, so that a dark control room sees no white flash.
// A file of its own, because the page's policy allows no script inside the page.
;(function () {
  var chosen = null
  try {
    chosen = localStorage.getItem('sereno-color-scheme')
  } catch {
    // Storage may be closed to us; then the system decides.
  }
  var dark = chosen === 'dark' || (chosen !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches)
  document.documentElement.setAttribute('data-mantine-color-scheme', dark ? 'dark' : 'light')
})()
