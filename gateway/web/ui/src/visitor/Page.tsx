/** A sober company page, so that the widget has a place to live in. */

import { Icon } from "../shared/icons";
import * as texts from "../texts";
import { opened } from "./session";
import { Widget } from "./Widget";

const t = texts.shop;

function BikeMark() {
  return (
    <svg width="40" height="26" viewBox="0 0 40 26" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" focusable="false">
      <circle cx="8.5" cy="17" r="7" />
      <circle cx="31.5" cy="17" r="7" />
      <path d="M8.5 17 14 6.5h12L31.5 17M14 6.5 19.5 17h-11M19.5 17 26 6.5M12 4h4M26 6.5 25 3h4" />
    </svg>
  );
}

export function Page() {
  return (
    <div class="shop">
      <header class="shop-top">
        <a class="shop-brand" href="/">
          <BikeMark />
          <span>{t.brand}</span>
        </a>
        <nav aria-label={t.brand}>
          {t.nav.map((item) => (
            <a key={item.href} href={item.href}>
              {item.label}
            </a>
          ))}
        </nav>
      </header>
      <main>
        <section class="hero">
          <div>
            <h1>{t.title}</h1>
            <p>{t.lead}</p>
            <button type="button" class="button primary large" onClick={() => (opened.value = true)} data-testid="ask">
              <Icon name="chat" /> {t.ask}
            </button>
          </div>
          <Bicycle />
        </section>
        <section class="blocks" id="services">
          {t.blocks.map((block) => (
            <article key={block.title}>
              <h2>{block.title}</h2>
              <p>{block.text}</p>
            </article>
          ))}
        </section>
        <section class="lower" id="hours">
          <div>
            <h2>{t.hours_title}</h2>
            <dl class="hours">
              {t.hours.map(([day, hours]) => (
                <div key={day}>
                  <dt>{day}</dt>
                  <dd>{hours}</dd>
                </div>
              ))}
            </dl>
          </div>
          <div>
            <h2>{t.questions_title}</h2>
            {t.questions.map(([question, answer]) => (
              <details class="question" key={question}>
                <summary>
                  {question} <Icon name="down" size={16} />
                </summary>
                <p>{answer}</p>
              </details>
            ))}
          </div>
        </section>
      </main>
      <footer class="shop-foot">{t.footer}</footer>
      <Widget />
    </div>
  );
}

/** The hero's picture: a city bike, drawn with few lines. */
function Bicycle() {
  return (
    <svg class="hero-picture" viewBox="0 0 420 260" fill="none" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" focusable="false">
      <path class="ground" d="M10 236h400" />
      <g class="wheels">
        <circle cx="98" cy="170" r="64" />
        <circle cx="322" cy="170" r="64" />
      </g>
      <g class="spokes">
        <path d="M98 108v124M36 170h124M54 126l88 88M142 126l-88 88" />
        <path d="M322 108v124M260 170h124M278 126l88 88M366 126l-88 88" />
      </g>
      <path class="frame" d="M98 170 152 84M98 170h104M202 170 152 84l-8-22M202 170 284 82M158 96l122-4M284 82l38 88M284 82l-10-34 34-6" />
      <path class="saddle" d="M124 58c14-6 34-6 46 2" />
      <circle class="crank" cx="202" cy="170" r="16" />
      <path class="pedal" d="m202 170 18 26h14" />
      <path class="basket" d="M292 62h60l-8 40h-44z" />
      <path class="guard" d="M40 132a70 70 0 0 1 116-4" />
    </svg>
  );
}
