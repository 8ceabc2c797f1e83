package uplink

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
	"time"

	"connectrpc.com/connect"

	"github.com/chekan-io/chekan/agent/internal/config"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
	"github.com/chekan-io/chekan/proto/gen/uplink/v1/uplinkv1connect"
)

const enrolTimeout = 30 * time.Second

// Enroll turns a one-time code into an identity and goes on the line with it.
// An agent that was enrolled already changes its cabinet. Errors are Russian
// sentences: a person has just typed the code.
func (c *Client) Enroll(ctx context.Context, code, cloud string) (*Identity, error) {
	c.enrolling.Lock()
	defer c.enrolling.Unlock()
	if cloud == "" {
		cloud = c.o.Cloud
	}
	if cloud == "" {
		return nil, errors.New("не указан адрес кабинета: chekan-agent enroll КОД --cloud https://адрес, или ключ cloud в файле настроек")
	}
	if err := config.CheckCloud(cloud); err != nil {
		return nil, err
	}
	bare, pin, err := splitPin(code)
	if err != nil {
		return nil, err
	}
	if bare == "" {
		return nil, errors.New("не указан код подключения: его показывает кабинет в разделе «Подключить кассу»")
	}
	key, csr, err := newKey(c.o.Host)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, enrolTimeout)
	defer cancel()
	t := transport(enrolTLS(cloud, pin))
	defer t.CloseIdleConnections()
	service := uplinkv1connect.NewEnrolmentServiceClient(httpClient(t), strings.TrimSuffix(cloud, "/"), connect.WithReadMaxBytes(maxAnswer))
	answer, err := service.Enroll(ctx, &uplinkv1.EnrollRequest{Code: bare, Csr: csr, Host: c.o.Host, Version: c.o.Version})
	if err != nil {
		return nil, enrolError(cloud, err)
	}
	cert, err := x509.ParseCertificate(answer.GetCertificate())
	if err != nil {
		return nil, fmt.Errorf("кабинет прислал негодный сертификат: %w", err)
	}
	authority, err := x509.ParseCertificate(answer.GetAuthority())
	if err != nil {
		return nil, fmt.Errorf("кабинет прислал негодный сертификат: %w", err)
	}
	if pin != "" && !matchesPin(authority, pin) {
		return nil, errors.New("ответил не тот кабинет, который выдал код: отпечатки не совпали. Проверьте адрес и код")
	}
	id, err := Identity{
		AgentID: answer.GetAgentId(), Organisation: answer.GetOrganisation(), Cloud: cloud,
		UplinkURL: answer.GetUplinkUrl(), BrokerURL: answer.GetBrokerUrl(),
	}.with(key, cert, authority)
	if err != nil {
		return nil, fmt.Errorf("кабинет прислал негодный сертификат: %w", err)
	}
	if err := id.save(c.o.Dir); err != nil {
		return nil, fmt.Errorf("не удалось сохранить ключ агента: %w", err)
	}
	c.o.Log.Info("enrolled", "agent", id.AgentID, "organisation", id.Organisation, "cloud", cloud)
	c.become(id)
	if c.o.Enrolled != nil {
		c.o.Enrolled()
	}
	return id, nil
}

func enrolError(cloud string, err error) error {
	switch connect.CodeOf(err) { //nolint:exhaustive // the rest is one sentence
	case connect.CodeNotFound, connect.CodeInvalidArgument, connect.CodePermissionDenied, connect.CodeUnauthenticated, connect.CodeFailedPrecondition:
		return fmt.Errorf("кабинет не принял код: он введён с ошибкой, уже использован или просрочен. Получите новый в разделе «Подключить кассу» (%w)", err)
	case connect.CodeUnimplemented:
		return fmt.Errorf("по адресу %s отвечает не кабинет Chekan: проверьте адрес (%w)", cloud, err)
	case connect.CodeResourceExhausted:
		return fmt.Errorf("слишком много попыток: подождите несколько минут и повторите (%w)", err)
	}
	if certificateTrouble(err) {
		return fmt.Errorf("сертификат кабинета %s не проходит проверку: проверьте адрес, часы компьютера и введите код целиком, вместе с частью после @ (%w)", cloud, err)
	}
	return fmt.Errorf("кабинет %s не отвечает: проверьте интернет и адрес (%w)", cloud, err)
}
