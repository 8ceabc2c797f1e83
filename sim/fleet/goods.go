package fleet

import (
	"math/rand/v2"

	"github.com/chekan-io/chekan/protocol/fiscal"
)

var (
	things = []string{
		"Молоко 3,2%", "Кефир 1%", "Сметана 20%", "Творог", "Сыр Российский", "Масло сливочное", "Хлеб Бородинский", "Батон нарезной", "Лаваш", "Яйцо С1",
		"Колбаса Докторская", "Сосиски", "Филе куриное", "Фарш говяжий", "Картофель", "Морковь", "Лук репчатый", "Огурцы", "Томаты", "Яблоки", "Бананы",
		"Крупа гречневая", "Рис", "Макароны", "Мука", "Сахар-песок", "Соль", "Чай чёрный", "Кофе молотый", "Шоколад", "Печенье", "Мороженое", "Вода",
		"Сок яблочный", "Квас", "Пиво светлое", "Пакет", "Салфетки", "Шампунь", "Корм для кошек", "Батарейка АА", "Капучино", "Латте", "Обед", "Салат",
		"Пицца", "Тетрадь", "Ручка", "Стрижка", "Пончик",
	}
	makers = []string{
		"", "Простоквашино", "Вкуснотеево", "Село Зелёное", "Мираторг", "Останкино", "Макфа", "Увелка", "Greenfield", "Jacobs", "Алёнка", "Яшкино", "Добрый",
		"Балтика", "Zewa", "Fairy", "Красная Цена", "Моя Цена", "Каждый день", "Ферма", "Лента", "Домик",
	}
	sizes = []string{"", "1л", "0,5л", "500г", "200г", "1кг", "900г", "10шт"}
)

// article is something that is sold.
type article struct {
	name   string
	price  fiscal.Money
	weighs bool
	vat    fiscal.VAT
}

// assortment is what every shop of a fleet sells; a few articles are most of the sales.
func assortment(seed uint64, n int) []article {
	rng := rand.New(rand.NewPCG(seed, 0x900d5))
	list := make([]article, n)
	for i := range list {
		a := article{name: things[rng.IntN(len(things))], vat: fiscal.VAT22}
		if m := makers[rng.IntN(len(makers))]; m != "" {
			a.name += " " + m
		}
		if s := sizes[rng.IntN(len(sizes))]; s != "" {
			a.name += " " + s
		}
		a.price = fiscal.Money(1000 + rng.IntN(60_000))
		if rng.IntN(3) == 0 {
			a.price = a.price / 100 * 100
		}
		a.weighs = rng.IntN(6) == 0
		if rng.IntN(3) == 0 {
			a.vat = fiscal.VAT10
		}
		list[i] = a
	}
	return list
}

// pick takes an article; the first ones more often.
func pick(rng *rand.Rand, list []article) article {
	x := rng.Float64()
	return list[int(x*x*x*float64(len(list)))]
}
